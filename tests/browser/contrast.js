// What on the page stands out too little from what lies behind it (WCAG 2.1 AA): 4.5 for text, 3 for large text and edges
() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return text.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = (top, under) => [0, 1, 2].map((at) => top[at] * top[3] + under[at] * (1 - top[3])).concat(1);
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
    return (more + 0.05) / (less + 0.05);
  };
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const opacity = (node) => (node ? Number(getComputedStyle(node).opacity) * opacity(node.parentElement) : 1);
  const faded = (colour, share) => [...colour.slice(0, 3), colour[3] * share];
  const found = new Set();
  const least = (wanted, node, what, top, under) => {
    const made = ratio(over(top, under), under);
    if (made < wanted) found.add(`${what} of ${node.tagName}.${node.className}: ${made.toFixed(2)} of ${wanted}`);
  };
  const field = (node) => ["SELECT", "TEXTAREA"].includes(node.tagName) || (node.tagName === "INPUT" && node.type !== "hidden");
  for (const node of document.querySelectorAll("body *")) {
    const box = node.getBoundingClientRect(), style = getComputedStyle(node);
    if (!box.width || box.right < 0 || style.visibility === "hidden" || node.tagName === "OPTION" || node.disabled) continue;
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const says = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
    if (says || field(node)) least(large ? 3 : 4.5, node, "text", faded(parse(style.color), opacity(node)), behind(node));
    if (node.placeholder) {
      const hint = getComputedStyle(node, "::placeholder");
      least(4.5, node, "placeholder", faded(parse(hint.color), Number(hint.opacity)), behind(node));
    }
    if (field(node) && parseFloat(style.borderTopWidth)) least(3, node, "edge", parse(style.borderTopColor), behind(node.parentElement));
  }
  return [...found];
}
