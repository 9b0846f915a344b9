// Which lines two texts share: the longest common subsequence between equal heads and tails.
const MOST = 1500; // lines of each side that are compared one by one; more than that counts as replaced

// → [[sign, line], …] with "=", "-" (only in `before`) and "+" (only in `after`)
export function diff(before, after) {
  const [a, b] = [before.split(/\r?\n/), after.split(/\r?\n/)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const same = (line) => ["=", line];
  return [
    ...a.slice(0, head).map(same),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
}

function middle(a, b) {
  if (a.length > MOST || b.length > MOST) return [...a.map((line) => ["-", line]), ...b.map((line) => ["+", line])];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const next = (i + 1) * width + j;
      longest[i * width + j] = a[i] === b[j] ? longest[next + 1] + 1 : Math.max(longest[next], longest[i * width + j + 1]);
    }
  }
  return walk(a, b, longest, width);
}

function walk(a, b, longest, width) {
  const found = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      found.push(["=", a[i]]);
      i += 1;
      j += 1;
    } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) found.push(["-", a[i++]]);
    else found.push(["+", b[j++]]);
  }
  return [...found, ...a.slice(i).map((line) => ["-", line]), ...b.slice(j).map((line) => ["+", line])];
}
