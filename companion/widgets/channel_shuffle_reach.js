// What the part on groups and shuffle computes: which channels reach which.
globalThis.GroupedLayers ??= class extends BookWidget {
  // The channel that each place of the shuffled maps copies, as companion.channel_mixing.shuffle_order has it.
  static order(channels, groups) {
    return Array.from({ length: channels }, (_, i) => (i % groups) * (channels / groups) + Math.floor(i / groups));
  }

  // The channels that an output depends on, from the input on: before layer 1, behind it, behind the shuffle, behind layer 2, …
  static trace(channels, groups, shuffled, output, layers) {
    const group = (channel) => Math.floor((channel * groups) / channels);
    const order = this.order(channels, groups);
    let level = [output];
    const levels = [level];
    for (let layer = layers; layer > 0; layer--) {
      if (layer < layers) levels.unshift((level = level.map((i) => (shuffled ? order[i] : i))));
      const read = new Set(level.map(group));
      levels.unshift((level = order.map((_, i) => i).filter((i) => read.has(group(i)))));
    }
    return levels;
  }

  static reached(channels, groups, shuffled, output, layers) { return this.trace(channels, groups, shuffled, output, layers)[0]; }

  // After how many layers every output depends on every input; null: never.
  static depth(channels, groups, shuffled) {
    const outputs = this.order(channels, groups);
    for (let layers = 1; layers <= channels; layers++) {
      if (outputs.every((output) => this.reached(channels, groups, shuffled, output, layers).length === channels)) return layers;
    }
    return null;
  }

  static divisors(channels) { return Array.from({ length: channels }, (_, i) => i + 1).filter((g) => channels % g === 0); }

  static python({ channels, groups, output, layers }) {
    return `import torch
from companion import channel_mixing, pointwise

layer = pointwise.block_diagonal(torch.ones(${channels}, ${channels / groups}), groups=${groups})
shuffle = torch.eye(${channels})[channel_mixing.shuffle_order(${channels}, groups=${groups})]
reached = channel_mixing.reach(${Array(layers).fill("layer").join(", shuffle, ")})
print(int(reached[${output}].sum()), "of", ${channels})`;
  }
};
