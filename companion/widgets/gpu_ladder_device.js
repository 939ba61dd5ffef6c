// An adapter at work: its results are held against sums in float64, and its times are taken.
globalThis.GpuLadderDevice ??= class {
  // Ragged: two tiles of output channels, three of columns, three of input channels, and none of them full.
  static ragged = { batch: 3, in_channels: 37, out_channels: 70, pixels: 108 };
  static tolerance = 1e-6; // of the sum of absolute products
  static submissions = 7;
  static least = 20; // dispatches in a submission, and milliseconds that it should take

  // Null where there is no adapter. No limits are asked for, so those that the standard promises are enforced.
  static async open() {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter();
    if (!adapter) return null;
    const clock = adapter.features.has("timestamp-query") ? ["timestamp-query"] : [];
    return new this(adapter, await adapter.requestDevice({ requiredFeatures: clock }));
  }

  constructor(adapter, device) {
    const info = adapter.info ?? {};
    const words = Object.fromEntries(["vendor", "architecture", "device", "description"].map((name) => [name, info[name] ?? ""]));
    const isFallbackAdapter = info.isFallbackAdapter ?? adapter.isFallbackAdapter;
    this.adapter = { ...words, software: GpuLadderModel.isSoftware({ ...words, isFallbackAdapter }) };
    this.name = words.description || [words.vendor, words.architecture, words.device].filter(Boolean).join(" ") || "an adapter without a name";
    [this.device, this.pipelines] = [device, {}];
    this.lost = device.lost.then(({ message }) => { throw Error(`The device was lost${message ? `: ${message}` : ""}. Click again to start anew.`); });
    this.lost.catch(() => { /* after the work is done, nobody minds */ });
    device.addEventListener("uncapturederror", (event) => { event.preventDefault(); this.fault ??= event.error.message; });
    const kinds = ["read-only-storage", "read-only-storage", "read-only-storage", "storage", "uniform"];
    this.layout = device.createBindGroupLayout({
      entries: kinds.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })) });
    if (!device.features.has("timestamp-query")) return;
    this.queries = device.createQuerySet({ type: "timestamp", count: 2 });
    this.stamps = this.buffer(16, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
  }

  buffer(data, usage) { // data, or a number of bytes
    const made = this.device.createBuffer({ size: data.byteLength ?? data, usage: usage | GPUBufferUsage.COPY_DST });
    if (data.byteLength) this.device.queue.writeBuffer(made, 0, data);
    return made;
  }

  // Arrays of a layer on the device, with so many NaN behind each, and those that a reference needs.
  load(layer, arrays, { low = 0, spare = 0 } = {}) {
    const { STORAGE, UNIFORM, COPY_SRC } = GPUBufferUsage;
    const sizes = new ArrayBuffer(32);
    new Uint32Array(sizes).set([layer.batch, layer.in_channels, layer.out_channels, layer.pixels]);
    new Float32Array(sizes)[4] = low;
    const fenced = (array) => (spare ? Float32Array.from([...array, ...Array(spare).fill(NaN)]) : array);
    const y = this.buffer(4 * (layer.batch * layer.out_channels * layer.pixels + spare), STORAGE | COPY_SRC);
    const buffers = [...["x", "weight", "bias"].map((name) => this.buffer(fenced(arrays[name]), STORAGE)), y, this.buffer(sizes, UNIFORM)];
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = this.device.createBindGroup({ layout: this.layout, entries });
    return { layer, ...arrays, y, group, free: () => buffers.forEach((buffer) => buffer.destroy()) };
  }

  async pipeline(code) {
    if (this.pipelines[code]) return this.pipelines[code];
    const layout = this.device.createPipelineLayout({ bindGroupLayouts: [this.layout] });
    const module = this.device.createShaderModule({ code });
    const made = await this.device.createComputePipelineAsync({ layout, compute: { module, entryPoint: "main" } });
    if (this.fault) throw Error(this.fault);
    return (this.pipelines[code] = made);
  }

  // Seconds of one of `count` dispatches in one submission, by the adapter's own clock where it has one.
  async submit(pipeline, group, grid, count) {
    const encoder = this.device.createCommandEncoder();
    const timestampWrites = this.queries && { querySet: this.queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < count; i++) pass.dispatchWorkgroups(...grid);
    pass.end();
    if (this.queries) encoder.resolveQuerySet(this.queries, 0, 2, this.stamps, 0);
    const start = performance.now();
    this.device.queue.submit([encoder.finish()]);
    await this.device.queue.onSubmittedWorkDone();
    const wall = (performance.now() - start) / 1e3;
    if (this.stopped) throw Error("Stopped.");
    if (this.fault) throw Error(this.fault);
    if (!this.queries) return wall / count;
    const [begin, end] = new BigUint64Array(await this.read(this.stamps, [0], 16));
    return (end > begin ? Number(end - begin) / 1e9 : wall) / count;
  }

  // Pieces of a buffer, each of so many bytes, one behind the other.
  async read(buffer, offsets, bytes) {
    const staging = this.buffer(offsets.length * bytes, GPUBufferUsage.MAP_READ);
    const encoder = this.device.createCommandEncoder();
    offsets.forEach((offset, i) => encoder.copyBufferToBuffer(buffer, offset, staging, i * bytes, bytes));
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const found = staging.getMappedRange().slice(0);
    staging.destroy();
    if (this.fault) throw Error(this.fault);
    return found;
  }

  // The largest error of a step on a ragged layer; NaN where an output was not written, or something beyond an array was
  // read, and infinite where something was written there.
  async check({ tile, code }) {
    const { ragged, random, errorOf } = this.constructor;
    const outputs = ragged.batch * ragged.out_channels * ragged.pixels;
    const spare = 128 * ragged.pixels; // more than a tile
    const loaded = this.load(ragged, random(ragged), { spare });
    this.device.queue.writeBuffer(loaded.y, 0, new Float32Array(outputs + spare).fill(NaN));
    await this.submit(await this.pipeline(code), loaded.group, GpuLadderModel.grid(tile, ragged), 1);
    const y = new Float32Array(await this.read(loaded.y, [0], 4 * (outputs + spare)));
    loaded.free();
    const beside = y.subarray(outputs).some((value) => !Number.isNaN(value));
    return beside ? Infinity : errorOf(loaded, [...Array(outputs).keys()], y);
  }

  // Seconds of a dispatch: quartiles over submissions, after warming up. Null if a submission would take two seconds.
  async time(pipeline, group, grid) {
    const { least, submissions } = this.constructor;
    await this.submit(pipeline, group, grid, 1);
    const once = await this.submit(pipeline, group, grid, 1);
    if (once * least > 2) return null;
    const first = await this.submit(pipeline, group, grid, least);
    const dispatches = Math.min(2000, Math.max(least, Math.ceil(least / 1e3 / first)));
    const seconds = [];
    for (let i = 0; i < submissions; i++) seconds.push(await this.submit(pipeline, group, grid, dispatches));
    return { seconds, dispatches };
  }

  // A step on a layer: its times, and the largest error of 64 outputs, the last one among them.
  async measure({ tile, code }, loaded) {
    const { batch, out_channels, pixels } = loaded.layer;
    const encoder = this.device.createCommandEncoder();
    encoder.clearBuffer(loaded.y); // of what an earlier step has left there
    this.device.queue.submit([encoder.finish()]);
    const timed = await this.time(await this.pipeline(code), loaded.group, GpuLadderModel.grid(tile, loaded.layer));
    const last = batch * out_channels * pixels - 1;
    const places = Array.from({ length: 64 }, (_, i) => Math.round((i * last) / 63));
    const y = new Float32Array(await this.read(loaded.y, places.map((place) => 4 * place), 4));
    return { ...timed, error: this.constructor.errorOf(loaded, places, y) };
  }

  // Measured ceilings in GB/s and GFLOP/s. Arrays, and then loops, grow until the time of a submission is long enough.
  async ceilings({ copy, fma }) {
    const { least } = this.constructor;
    const grow = async (code, sizes) => {
      const pipeline = await this.pipeline(code);
      for (const [i, { blocks, floats, loops, work }] of sizes.entries()) {
        const layer = { batch: 1, in_channels: loops, out_channels: 1, pixels: floats };
        const loaded = this.load(layer, { x: new Float32Array(floats), weight: new Float32Array(1), bias: new Float32Array(1) }, { low: 0.5 });
        const once = await this.submit(pipeline, loaded.group, [blocks, 1], least);
        const enough = once >= 1e-3 || i === sizes.length - 1;
        const timed = enough && await this.time(pipeline, loaded.group, [blocks, 1]);
        loaded.free();
        if (timed) return GpuLadderModel.quartiles(timed.seconds.map((time) => work / time / 1e9));
      }
      throw Error("The adapter is too slow for its ceilings to be measured.");
    };
    const copies = [64, 256, 1024, 4096, 16384].map((blocks) => ({ blocks, floats: 1024 * blocks, loops: 1, work: 2 * 4096 * blocks }));
    const products = [[16, 16], [64, 16], [256, 16], [1024, 16], [4096, 16], [4096, 128], [4096, 1024]]
      .map(([blocks, loops]) => ({ blocks, floats: 256 * blocks, loops, work: 64 * 256 * blocks * loops }));
    return { copy: await grow(copy, copies), fma: await grow(fma, products) };
  }

  static random({ batch, in_channels, out_channels, pixels }) { // between -1 and 1
    let state = 1;
    const fill = (length) => {
      const made = new Float32Array(length);
      for (let i = 0; i < length; i++) made[i] = (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
      return made;
    };
    return { x: fill(batch * in_channels * pixels), weight: fill(out_channels * in_channels), bias: fill(out_channels) };
  }

  // The largest error of outputs y at these places, in units of the sum of absolute products; numbers here are float64.
  static errorOf({ layer: { in_channels, out_channels, pixels }, x, weight, bias }, places, y) {
    let worst = 0;
    places.forEach((place, i) => {
      const [p, o, n] = [place % pixels, Math.floor(place / pixels) % out_channels, Math.floor(place / pixels / out_channels)];
      let [sum, scale] = [bias[o], Math.abs(bias[o])];
      for (let c = 0; c < in_channels; c++) {
        const product = weight[o * in_channels + c] * x[(n * in_channels + c) * pixels + p];
        sum += product;
        scale += Math.abs(product);
      }
      worst = Math.max(worst, Math.abs(y[i] - Math.max(sum, 0)) / scale); // NaN stays
    });
    return worst;
  }

  stop() { this.stopped = true; }
  close() { this.device.destroy(); }
};
