// What is known of a step before it runs: its work, the bytes it asks for, its blocks, and the roof above it.
globalThis.GpuLadderModel ??= {
  flops: ({ batch, in_channels, out_channels, pixels }) => 2 * batch * pixels * in_channels * out_channels,

  // What must move in float32: x and the weight are read once, y is written once.
  bytes: ({ batch, in_channels, out_channels, pixels }) => 4 * (batch * pixels * (in_channels + out_channels) + in_channels * out_channels),

  // FLOP per byte asked for, as companion.kernels.asked_intensity counts them.
  asked(step, tile, layer) {
    const { batch, in_channels, out_channels, pixels } = layer;
    const columns = batch * pixels;
    if (tile) {
      const x = Math.ceil(out_channels / tile[0]) * in_channels * columns;
      const weight = Math.ceil(columns / tile[1]) * in_channels * out_channels;
      return this.flops(layer) / (4 * (x + weight + out_channels * columns));
    }
    const touched = { weight: new Set(), x: new Set(), y: new Set() };
    const threads = Math.min(32, columns * out_channels); // the first warp stands for all
    for (let t = 0; t < threads; t++) {
      const column = Math.floor(t / out_channels);
      const [n, o, p] = step === "naive" ? [Math.floor(column / pixels), t % out_channels, column % pixels]
        : [Math.floor(t / pixels / out_channels), Math.floor(t / pixels) % out_channels, t % pixels];
      touched.weight.add(Math.floor((o * in_channels) / 8));
      touched.x.add(Math.floor((n * in_channels * pixels + p) / 8));
      touched.y.add(Math.floor(((n * out_channels + o) * pixels + p) / 8));
    }
    const { weight, x, y } = touched;
    return (2 * in_channels * threads) / (32 * (in_channels * (weight.size + x.size) + y.size));
  },

  // Blocks along the two sides of a grid, of at most 65,535 each; the last row may have some to spare.
  grid(tile, { batch, out_channels, pixels }) {
    const columns = batch * pixels;
    const blocks = tile ? Math.ceil(out_channels / tile[0]) * Math.ceil(columns / tile[1]) : Math.ceil((columns * out_channels) / 256);
    const down = Math.ceil(blocks / 65535);
    return [Math.ceil(blocks / down), down];
  },

  // Ceilings and result in giga: what no kernel of this intensity exceeds.
  roof: ({ copy, fma }, intensity) => Math.min(fma.median, copy.median * intensity),

  // First quartile, median and third quartile.
  quartiles(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (share) => {
      const [place, below] = [share * (sorted.length - 1), Math.floor(share * (sorted.length - 1))];
      return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
    };
    return { q1: at(0.25), median: at(0.5), q3: at(0.75) };
  },

  isSoftware: (info) => Boolean(info.isFallbackAdapter)
    || /swiftshader|llvmpipe|lavapipe|software|basic render/i.test([info.vendor, info.architecture, info.device, info.description].join(" ")),

  // Sentences about the medians of the steps in the order of the ladder, in GFLOP/s; null where one has none.
  findings(rows, software, guess) {
    const said = [];
    const title = (step) => step.replace("_", " ");
    const times = rows.slice(1).map(({ median }, i) => (median && rows[i].median ? median / rows[i].median : NaN));
    if (software) said.push("This adapter is software: your processor plays the GPU, and these speeds say nothing about one.");
    if (times[0] < 1.1) said.push(`Coalescing gains nothing here: ${times[0].toFixed(2)} times the speed of naive. Caches, or how threads are put together on this adapter, take the place of it.`);
    const above = rows.filter(({ median, predicted }) => median > predicted).map(({ step }) => title(step));
    if (above.length) said.push(`Above what was predicted: ${above.join(", ")}. Caches answered part of what was asked for.`);
    if (times.every(Number.isFinite)) {
      const most = times.indexOf(Math.max(...times));
      const judged = guess < 0 ? "" : guess === most ? "You guessed it: " : "Not as you guessed: ";
      if (times[most] < 1.1) said.push("No step gains anything on this adapter.");
      else said.push(`${judged}${title(rows[most + 1].step)} gains most, ${times[most].toFixed(1)} times the step before it.`);
    }
    return said;
  },
};
