// A run too large to draw whole: counts of all of it, a frame to move over its tokens, and a menu.

// A picture of values in rows and columns, a pixel each; what is 0 stays empty.
function pixels(rows, columns, value) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const v = value(r, c);
      if (v > 0) image.data.set([...cividisParts(v), 255], 4 * (r * columns + c));
    }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Draw a picture larger, its pixels sharp; or smaller, its pixels averaged.
function stretch(context, image, x, y, width, height) {
  context.imageSmoothingEnabled = width * (window.devicePixelRatio || 1) < image.width;
  context.drawImage(image, x, y, width, height);
}

// A frame that stands out on every colour: with an edge of another.
function outline(context, rectangle, colour, edge) {
  for (const [style, width] of [[edge, 4], [colour, 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.strokeRect(...rectangle);
  }
}

// "5", or "10–11" where a row has more than one expert.
function expertsOfRow(run, r) {
  const first = r * run.pooled.experts;
  const last = Math.min(run.n_experts, first + run.pooled.experts) - 1;
  return first === last ? String(first) : `${first}–${last}`;
}

function layerMenu(view, parent) {
  const menu = element("select", "layer", parent);
  menu.setAttribute("aria-label", view.words.say("layer_choice"));
  view.run.layers.forEach((layer, l) => {
    element("option", "", menu, view.words.say("layer", { layer })).value = l;
  });
  menu.onchange = () => view.chooseLayer(Number(menu.value));
  return () => {
    menu.value = view.layer;
  };
}

// All tokens x experts of the layer, pooled, with the frame around those that are drawn one by one.
function makeOverview(view, parent) {
  const { words } = view;
  const box = element("div", "overview", parent);
  const canvas = element("canvas", "", box);
  canvas.setAttribute("role", "slider");
  canvas.setAttribute("aria-label", words.say("pool_move"));
  canvas.tabIndex = 0;
  const note = element("div", "axis-title", box);
  const most = Math.min(1, (16 * view.run.k) / view.run.n_experts);
  const even = view.run.k / view.run.n_experts;
  colourBar(box, view, words.share.format(most),
    words.say("pool_even", { share: words.fine.format(even) }));
  const label = 28;
  let [drawn, image, choices, g] = [null, null, null, null];

  // The picture of what has come last, made once.
  function paint(run) {
    const { tokens, experts, fed } = run.pooled;
    const columns = Math.ceil(fed / tokens);
    const rows = Math.ceil(run.n_experts / experts);
    choices = decode16(run.pooled.choices);
    image = pixels(rows, columns, (r, c) => {
      const pairs = Math.min(tokens, fed - c * tokens) * Math.min(experts, run.n_experts - r * experts);
      return choices[r * columns + c] / pairs / most;
    });
    drawn = run.pooled;
  }

  function measure(run) {
    const width = box.clientWidth;
    const row = Math.max(1, Math.floor(256 / image.height));
    const perToken = (width - label) / (image.width * run.pooled.tokens);
    return { width, row, perToken, height: row * image.height, x: (i) => label + i * perToken };
  }

  function drawAxes(context, run, colours) {
    context.font = `11px ${colours.font}`;
    context.fillStyle = colours.muted;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const perGroup = run.n_experts / run.n_group;
    const perExpert = g.height / run.n_experts;
    const every = perGroup * Math.ceil(14 / (perGroup * perExpert));
    for (let e = 0; e < run.n_experts; e += every)
      context.fillText(String(e), label - 6, Math.max(6, (e + 0.5) * perExpert));
    context.textAlign = "center";
    const step = [1, 2, 5].map((n) => n * tokenStep(g.perToken)).find((n) => n * g.perToken >= 48)
      || 10_000;
    for (let i = 0; g.x(i) < g.width - 16; i += step)
      context.fillText(words.whole.format(i), Math.max(g.x(i), label + 4), g.height + 10);
  }

  function drawFrame(context, run, colours) {
    const [left, right] = [g.x(view.wanted), g.x(view.wanted + run.span)];
    outline(context, [left, 1, right - left, g.height - 2], colours.accent, colours.back);
  }

  const tokenAt = (event) => (event.offsetX - label) / g.perToken;
  const moveTo = (event) => view.look(tokenAt(event) - view.run.span / 2);
  canvas.onclick = moveTo;
  canvas.onpointermove = (event) => {
    if (event.buttons === 1 && event.pointerType !== "touch") return moveTo(event); // a drag
    const { run } = view;
    const c = Math.floor(tokenAt(event) / drawn.tokens);
    const r = Math.floor(event.offsetY / g.row);
    if (c < 0 || c >= image.width || r >= image.height) return view.hideTip();
    const spot = { left: event.clientX, right: event.clientX, top: event.clientY,
      bottom: event.clientY, beside: box.clientWidth > 600 };
    view.showNote(words.say("pool_cell", {
      layer: drawn.layer, experts: expertsOfRow(run, r),
      first: words.whole.format(c * drawn.tokens),
      last: words.whole.format(Math.min(drawn.fed, (c + 1) * drawn.tokens) - 1),
      times: choices[r * image.width + c],
    }), spot);
  };
  canvas.onpointerleave = () => view.hideTip();
  canvas.onkeydown = (event) => {
    const { span, total } = view.run;
    const first = {
      ArrowLeft: view.wanted - span / 4, ArrowRight: view.wanted + span / 4,
      PageUp: view.wanted - span, PageDown: view.wanted + span, Home: 0, End: total,
    }[event.key];
    if (first === undefined) return;
    view.look(first);
    event.preventDefault();
    event.stopPropagation(); // the arrows move the frame, not from token to token
  };

  return {
    draw() {
      const { run } = view;
      box.hidden = run.span >= run.total;
      if (box.hidden) return;
      if (drawn !== run.pooled) paint(run);
      g = measure(run);
      const colours = theme(view.root);
      const context = prepare(canvas, g.width, g.height + 18);
      context.fillStyle = colours.empty;
      context.fillRect(label, 0, g.width - label, g.height);
      stretch(context, image, label, 0, g.width - label, g.height);
      drawAxes(context, run, colours);
      drawFrame(context, run, colours);
      const [first, last] = [view.wanted, view.wanted + run.span - 1].map((i) => words.whole.format(i));
      const said = words.say("pool_window", { first, last });
      canvas.setAttribute("aria-valuemin", "0");
      canvas.setAttribute("aria-valuemax", String(run.total - run.span));
      canvas.setAttribute("aria-valuenow", String(view.wanted));
      canvas.setAttribute("aria-valuetext", said);
      const cell = { n: run.total, layer: drawn.layer,
        tokens: drawn.tokens, experts: drawn.experts };
      note.textContent = `${words.say("pool_note", cell)} ${said}`;
    },
  };
}

// All layers x experts: the load of the whole run, and the choices of the token at hand.
function makeLoads(view, parent) {
  const { words } = view;
  const box = element("section", "part loads", parent);
  element("div", "part-title", box, words.say("loads_title"));
  const canvas = element("canvas", "", box);
  canvas.setAttribute("role", "img");
  element("div", "axis-title", box, words.say("loads_axes"));
  const even = view.run.k / view.run.n_experts;
  const most = Math.min(1, 4 * even);
  colourBar(box, view, words.fine.format(most),
    words.say("loads_even", { share: words.fine.format(even) }));
  const [label, top] = [28, 18];
  let [drawn, image, g] = [null, null, null];

  // Rows by the model's own numbers: a layer without routed experts keeps its row, empty.
  function paint(run) {
    const { load, fed, experts } = run.pooled;
    const at = Array.from({ length: Math.max(...run.layers) + 1 }, (_, n) => run.layers.indexOf(n));
    image = pixels(at.length, load[0].length, (n, r) => at[n] < 0 ? 0
      : load[at[n]][r] / (fed * Math.min(experts, run.n_experts - r * experts)) / most);
    drawn = run.pooled;
    g = { at, row: Math.min(16, Math.max(5, Math.floor(488 / at.length))) };
  }

  function drawAxes(context, colours) {
    context.font = `11px ${colours.font}`;
    context.fillStyle = colours.muted;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const every = Math.ceil(13 / g.row);
    for (let n = 0; n < g.at.length; n += every)
      context.fillText(String(n), label - 6, top + (n + 0.5) * g.row);
    context.textAlign = "center";
    const { n_experts, n_group } = view.run;
    const perGroup = n_experts / n_group;
    const perExpert = (g.width - label) / n_experts;
    for (let e = 0; e < n_experts; e += perGroup * Math.ceil(28 / (perGroup * perExpert)))
      context.fillText(String(e), label + Math.max(4, (e + 0.5) * perExpert), 8);
  }

  function drawLayers(context, colours) {
    g.at.forEach((l, n) => {
      if (l >= 0) return;
      context.fillStyle = colours.border;
      context.fillRect(label, top + n * g.row, g.width - label, g.row - 1);
    });
    const y = top + g.at.indexOf(view.layer) * g.row;
    outline(context, [label, y, g.width - label - 1, g.row], colours.accent, colours.back);
  }

  function drawToken(context, current) {
    g.at.forEach((l, n) => {
      if (l < 0) return;
      for (const { expert } of view.run.chosen(current, l))
        outline(context, [label + Math.floor(expert / drawn.experts) * g.cell, top + n * g.row,
          g.cell, g.row - 1], "#ffffff", "#10151c");
    });
  }

  const under = (event) => {
    const [n, r] = [Math.floor((event.offsetY - top) / g.row), Math.floor((event.offsetX - label) / g.cell)];
    return g.at[n] >= 0 && r >= 0 && r < image.width ? [g.at[n], r] : [null, null];
  };
  canvas.onpointermove = (event) => {
    const [l, r] = under(event);
    if (l === null) return view.hideTip();
    const spot = { left: event.clientX, right: event.clientX, top: event.clientY,
      bottom: event.clientY, beside: box.clientWidth > 600 };
    view.showNote(words.say("loads_cell", {
      layer: view.run.layers[l], experts: expertsOfRow(view.run, r),
      times: drawn.load[l][r], tokens: drawn.fed,
    }), spot);
  };
  canvas.onpointerleave = () => view.hideTip();
  canvas.onclick = (event) => {
    const [l] = under(event);
    if (l !== null) view.chooseLayer(l);
  };

  return {
    reset() {},
    draw(shown, current) {
      if (drawn !== view.run.pooled) paint(view.run);
      g.width = box.clientWidth;
      g.cell = (g.width - label) / image.width;
      const colours = theme(view.root);
      const context = prepare(canvas, g.width, top + g.row * g.at.length + 2);
      context.fillStyle = colours.empty;
      context.fillRect(label, top, g.width - label, g.row * g.at.length);
      stretch(context, image, label, top, g.width - label, g.row * g.at.length);
      drawAxes(context, colours);
      drawLayers(context, colours);
      if (view.pinned !== null || view.hovered !== null) drawToken(context, current);
      canvas.setAttribute("aria-label", words.say("loads_alt", {
        layers: view.run.layers.length, experts: view.run.n_experts,
        tokens: drawn.fed,
      }));
    },
  };
}
