// The kernels in WGSL: the ladder, whose steps compute y = max(weight · x + bias, low), and two that measure ceilings.
globalThis.GpuLadderKernels ??= (() => {
  const head = (type = "f32") => `struct Sizes { batch: u32, in_channels: u32, out_channels: u32, pixels: u32, low: f32 };
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<${type}>;
@group(0) @binding(4) var<uniform> s: Sizes;
`;
  // A grid has at most 65,535 blocks a side, so that blocks are numbered along two.
  const main = `@compute @workgroup_size(256) fn main(
    @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32) {
  let block = group.y * groups.x + group.x;`;

  const oneOutput = (where) => `${head()}
${main}
  let i = block * 256 + thread;
  if (i >= s.batch * s.out_channels * s.pixels) { return; }
${where}

  var sum = 0.0;
  for (var c = 0u; c < s.in_channels; c++) {
    sum = fma(weight[o * s.in_channels + c],
              x[(n * s.in_channels + c) * s.pixels + p], sum);
  }
  y[(n * s.out_channels + o) * s.pixels + p] = max(sum + bias[o], s.low);
}`;

  const sharedTile = `${head()}
var<workgroup> weight_tile: array<array<f32, 16>, 16>; // [output channel][input channel]
var<workgroup> x_tile: array<array<f32, 16>, 16>;      // [input channel][column]

${main}
  let channel_tiles = (s.out_channels + 15) / 16;
  let row = thread / 16; let col = thread % 16;
  let o = block % channel_tiles * 16 + row;
  let column = block / channel_tiles * 16 + col;
  let inside = column < s.batch * s.pixels;
  let n = column / s.pixels; let p = column % s.pixels;

  var sum = 0.0;
  for (var c0 = 0u; c0 < s.in_channels; c0 += 16) {
    // Beyond the edge a tile holds zeros, which add nothing.
    var w = 0.0; var v = 0.0;
    if (o < s.out_channels && c0 + col < s.in_channels) { w = weight[o * s.in_channels + c0 + col]; }
    if (inside && c0 + row < s.in_channels) { v = x[(n * s.in_channels + c0 + row) * s.pixels + p]; }
    weight_tile[row][col] = w;
    x_tile[row][col] = v;
    workgroupBarrier(); // the tiles are complete
    for (var c = 0u; c < 16; c++) { sum = fma(weight_tile[row][c], x_tile[c][col], sum); }
    workgroupBarrier(); // the tiles are used up
  }
  if (o < s.out_channels && inside) {
    y[(n * s.out_channels + o) * s.pixels + p] = max(sum + bias[o], s.low);
  }
}`;

  const four = [0, 1, 2, 3], lines = (write) => four.map(write).join("\n");
  const registerTile = `${head()}
// A block: 64 output channels of 128 columns; a thread: 4 of 8. One buffer of
// 12,544 bytes: two would not fit into the 16,384 that every adapter has.
var<workgroup> weight_tile: array<array<f32, 68>, 16>; // [input channel][output channel]
var<workgroup> x_tile: array<array<f32, 128>, 16>;     // [input channel][column]

fn finish(o: u32, first: u32, sums: vec4f) {
  if (o >= s.out_channels) { return; }
  for (var j = 0u; j < 4; j++) {
    let column = first + j;
    if (column >= s.batch * s.pixels) { return; }
    let n = column / s.pixels; let p = column % s.pixels;
    y[(n * s.out_channels + o) * s.pixels + p] = max(sums[j] + bias[o], s.low);
  }
}

${main}
  let channel_tiles = (s.out_channels + 63) / 64;
  let first_channel = block % channel_tiles * 64;
  let first_column = block / channel_tiles * 128;
  let load_column = first_column + thread % 128;
  let inside = load_column < s.batch * s.pixels;
  let load_n = load_column / s.pixels; let load_p = load_column % s.pixels;

  // A thread's pixels are two groups of four, half a tile apart.
  let row = thread / 16 * 4; let col = thread % 16 * 4;
${lines((i) => `  var left${i} = vec4f(); var right${i} = vec4f();`)}
  for (var c0 = 0u; c0 < s.in_channels; c0 += 16) {
    for (var c = thread / 128; c < 16; c += 2) {
      var v = 0.0;
      if (inside && c0 + c < s.in_channels) { v = x[(load_n * s.in_channels + c0 + c) * s.pixels + load_p]; }
      x_tile[c][thread % 128] = v;
    }
    for (var r = thread / 16; r < 64; r += 16) {
      let o = first_channel + r; let c = thread % 16;
      var w = 0.0;
      if (o < s.out_channels && c0 + c < s.in_channels) { w = weight[o * s.in_channels + c0 + c]; }
      weight_tile[c][r] = w;
    }
    workgroupBarrier(); // the tiles are complete
    for (var c = 0u; c < 16; c++) {
      let a = vec4f(${four.map((j) => `x_tile[c][col + ${j}]`).join(", ")});
      let b = vec4f(${four.map((j) => `x_tile[c][col + ${64 + j}]`).join(", ")});
${lines((i) => `      let w${i} = vec4f(weight_tile[c][row + ${i}]); left${i} = fma(w${i}, a, left${i}); right${i} = fma(w${i}, b, right${i});`)}
    }
    workgroupBarrier(); // the tiles are used up
  }
  let o = first_channel + row; let column = first_column + col;
${lines((i) => `  finish(o + ${i}, column, left${i}); finish(o + ${i}, column + 64, right${i});`)}
}`;

  const chains = [0, 1, 2, 3, 4, 5, 6, 7], each = (write) => chains.map(write).join(" ");
  return {
    naive: { tile: null, code: oneOutput(`  let o = i % s.out_channels;
  let column = i / s.out_channels; // of a row with all images
  let n = column / s.pixels; let p = column % s.pixels;`) },
    coalesced: { tile: null, code: oneOutput(`  let p = i % s.pixels;
  let n = i / s.pixels / s.out_channels;
  let o = i / s.pixels % s.out_channels;`) },
    shared_tile: { tile: [16, 16], code: sharedTile },
    register_tile: { tile: [64, 128], code: registerTile },
    // Ceilings. Sixteen bytes a thread are read and written:
    copy: `${head("vec4f")}${main} y[block * 256 + thread] = x[block * 256 + thread]; }`,
    // and eight independent chains of four multiply-adds at once, s.in_channels times.
    fma: `${head()}${main}
      let m = vec4f(s.low); ${each((k) => `var v${k} = vec4f(f32(thread + ${k}));`)}
      for (var i = 0u; i < s.in_channels; i++) { ${each((k) => `v${k} = fma(v${k}, m, m);`)} }
      let v = ${chains.map((k) => `v${k}`).join(" + ")};
      y[block * 256 + thread] = v.x + v.y + v.z + v.w; }`,
  };
})();
