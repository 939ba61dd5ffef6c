// What the digit to draw computes: a small network of convolutions that keep the picture's size.
globalThis.DigitNetwork ??= class extends BookWidget {
  static levels = 16; // the greys of scikit-learn's digits: 0 to 16

  // Numbers of half precision, little-endian, in base64.
  static halves(base64) {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    return Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
      const [bits, exponent] = [bytes[2 * i] + 256 * bytes[2 * i + 1], (bytes[2 * i + 1] >> 2) & 31];
      const fraction = (bits & 1023) / 1024;
      return (bits >> 15 ? -1 : 1) * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
    });
  }

  // The convolutions: for each its shape (C_out, C_in, k), its weight, then its bias.
  static layers({ shapes, weights }) {
    const numbers = this.halves(weights);
    let at = 0;
    const take = (count) => numbers.subarray(at, (at += count));
    return shapes.map(([outs, ins, k]) => ({ outs, ins, k, weight: take(outs * ins * k * k), bias: take(outs) }));
  }

  // A convolution of maps (C_in, size * size) that keeps their size, each output a bias and a sum of shifted maps.
  static conv(maps, { outs, ins, k, weight, bias }, size) {
    const reach = (k - 1) / 2;
    return Array.from({ length: outs }, (_, o) => {
      const y = new Float64Array(size * size).fill(bias[o]);
      for (let n = 0; n < ins * k * k; n++) {
        const [x, w] = [maps[Math.floor(n / (k * k))], weight[o * ins * k * k + n]];
        const [down, right] = [Math.floor((n % (k * k)) / k) - reach, (n % k) - reach];
        const [from, to, first, last] = [Math.max(0, -down), Math.min(size, size - down), Math.max(0, -right), Math.min(size, size - right)];
        for (let r = from; r < to; r++) {
          const [here, there] = [r * size, (r + down) * size + right];
          for (let c = first; c < last; c++) y[here + c] += w * x[there + c];
        }
      }
      return y;
    });
  }

  // What each convolution gives, with a ReLU after all but the last: those are the class maps.
  static forward(picture, layers, size) {
    let maps = [picture];
    return layers.map((layer, i) => {
      maps = this.conv(maps, layer, size);
      if (i < layers.length - 1) maps = maps.map((map) => map.map((value) => Math.max(value, 0)));
      return maps;
    });
  }

  static pools = { mean: (map) => map.reduce((a, b) => a + b) / map.length, max: (map) => Math.max(...map) };

  // An order of n places, always the same: shuffled[i] = map[order[i]].
  static order(n) {
    const order = [...Array(n).keys()];
    for (let i = n - 1, seed = 1; i > 0; i--) {
      seed = (seed * 48271) % 2147483647;
      const j = seed % (i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
};
