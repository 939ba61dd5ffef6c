// What the cost explorer computes: the costs of the kinds of layers, and where they cross.
globalThis.LayerCosts ??= class extends BookWidget {
  // The layers of a kind, each [channels in, channels out, kernel size, groups].
  static layers({ in_channels: before, middle_channels: middle, out_channels: after, kernel_size: k, groups }, kind) {
    return {
      full: [[before, after, k, 1]],
      reduced: [[before, middle, 1, 1], [middle, after, k, 1]],
      bottleneck: [[before, middle, 1, 1], [middle, middle, k, 1], [middle, after, 1, 1]],
      separable: [[before, before, k, before], [before, after, 1, 1]],
      grouped: [[before, after, k, groups]],
    }[kind];
  }

  // The closed forms of companion.cost, float32, without biases; padding keeps the size.
  static cost(values, kind) {
    const pixels = values.batch * values.size ** 2;
    const sum = { weights: 0, macs: 0, bytes: 0 };
    for (const [before, after, k, groups] of this.layers(values, kind)) {
      const weights = (k * k * before * after) / groups;
      sum.weights += weights;
      sum.macs += pixels * weights;
      sum.bytes += 4 * (pixels * (before + after) + weights);
    }
    return { ...sum, intensity: (2 * sum.macs) / sum.bytes };
  }

  // The widest middle with which the kind has fewer weights than the full layer; 0 if none has.
  static widest(values, kind) {
    const full = this.cost(values, "full").weights;
    let middle = 0;
    while (this.cost({ ...values, middle_channels: middle + 1 }, kind).weights < full) middle++;
    return middle;
  }

  // The smallest batch in which the kind moves more bytes than the full layer; null if there is none.
  static batch(values, kind) {
    const [full, other] = ["full", kind].map((name) => this.cost({ ...values, batch: 1 }, name));
    const saved = 4 * (full.weights - other.weights); // once a batch
    const added = other.bytes - full.bytes + saved; // by the maps of each picture
    return added > 0 ? Math.max(1, Math.floor(saved / added) + 1) : null;
  }

  static divisors(a, b) {
    return Array.from({ length: Math.min(a, b) }, (_, i) => i + 1).filter((g) => a % g === 0 && b % g === 0);
  }

  static ratio(full, other, [less, more, same] = ["fewer", "more", "about as many"]) {
    const times = (Math.max(full, other) / Math.min(full, other)).toFixed(1);
    return times === "1.0" ? same : `${times} times ${other < full ? less : more}`;
  }

  // 0: as many times fewer bytes as MACs, within a tenth; 1: fewer, by less; 2: not fewer.
  static answer(full, other) {
    if (other.bytes >= full.bytes) return 2;
    return full.bytes / other.bytes > (0.9 * full.macs) / other.macs ? 0 : 1;
  }

  static python(values, kind) {
    const layers = this.layers(values, kind).map(([before, after, k, groups]) => {
      const options = [`size=${values.size}`, k > 1 && `padding=${k >> 1}`, groups > 1 && `groups=${groups}`, values.batch > 1 && `batch=${values.batch}`];
      return `    cost.conv2d(${before}, ${after}, ${k}, ${options.filter(Boolean).join(", ")}, bias=False),\n`;
    });
    return `from companion import cost\n\nlayers = [\n${layers.join("")}]\nprint(sum(layers))`;
  }

  // What there is to say of the weights of a kind, and where on which slider it has its mark: [words, slider, value].
  static crossing(values, kind) {
    const squared = values.kernel_size ** 2;
    const { groups, in_channels } = values;
    if (kind === "grouped" && groups === 1) return ["One group is the full layer"];
    if (kind === "grouped") return [`${groups} times fewer weights and MACs, always: an output reads ${in_channels / groups} of ${in_channels} channels`];
    if (kind === "separable" && squared === 1) return ["A 1×1 kernel has nothing to separate: the depthwise layer comes on top"];
    if (kind === "separable") {
      const words = `With more output channels the saving in MACs grows towards k² = ${squared} times; nine tenths of that are reached at 9k² = ${9 * squared}`;
      return [words, "out_channels", 9 * squared];
    }
    const widest = this.widest(values, kind);
    if (!widest) return ["No width of the middle saves weights here"];
    return [`It saves weights and MACs with up to ${widest} channels in the middle`, "middle_channels", widest];
  }
};
