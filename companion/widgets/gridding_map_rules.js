// What the gridding map computes: paths, and the rules for gaps.
globalThis.DilatedLayers ??= class extends BookWidget {
  // Ways to each position along one axis, as companion.pitfalls.path_counts has them; along two axes they multiply.
  static paths(rates) {
    return rates.reduce((counts, rate) => {
      const longer = Array(counts.length + 2 * rate).fill(0);
      for (const shift of [0, rate, 2 * rate]) counts.forEach((count, i) => (longer[shift + i] += count));
      return longer;
    }, [1]);
  }

  // Each rate, sorted, with the window R of the smaller ones: no gap if no rate exceeds its window.
  static windows(rates) {
    let window = 1;
    return [...rates].sort((a, b) => a - b).map((rate) => {
      const pair = [rate, window];
      window += 2 * rate;
      return pair;
    });
  }

  static firstGap(rates) { return this.windows(rates).find(([rate, window]) => rate > window)?.[0] ?? null; }

  // M_1 to M_n of hybrid dilated convolution.
  static hdc(rates) {
    return rates.slice(0, -1).reduceRight((all, rate) => [Math.max(all[0] - 2 * rate, 2 * rate - all[0], rate), ...all], rates.slice(-1));
  }

  static factor(rates) { return rates.reduce(function gcd(a, b) { return b ? gcd(b, a % b) : a; }); }

  static python(rates) {
    return `from companion import pitfalls

rates = (${rates.join(", ")})
print("paths along one axis:", pitfalls.path_counts(rates).tolist())
print("positions read, of:", pitfalls.coverage(rates))
print("M:", pitfalls.hdc_distances(rates), "too large:", pitfalls.first_gap(rates))`;
  }

  static where(row, column) {
    const side = (count, less, more, unit) => count && `${Math.abs(count)} ${unit}${Math.abs(count) > 1 ? "s" : ""} ${count < 0 ? less : more}`;
    const sides = [side(row, "up", "down", "row"), side(column, "left", "right", "column")].filter(Boolean);
    return sides.length ? `${sides.join(", ")} of the output` : "At the output itself";
  }

  // The rules as rows [rule, evaluated, verdict].
  static rules(rates) {
    const [m2, [, r2, r3], gap] = [this.hdc(rates)[1], rates, this.firstGap(rates)];
    const verdict = (holds) => (holds ? "holds" : "fails");
    return [
      ["HDC: M₂ ≤ 3", `M₂ = max[${r3} − ${2 * r2}, ${2 * r2} − ${r3}, ${r2}] = ${m2}`, verdict(m2 <= 3)],
      ["no common factor", `the greatest of ${rates.join(", ")} is ${this.factor(rates)}`, verdict(this.factor(rates) === 1)],
      ["exact: r ≤ R, in order of size", this.windows(rates).map(([rate, window]) => `${rate} ${rate > window ? ">" : "≤"} ${window}`).join(", "), verdict(gap === null)],
    ];
  }
};
