// The parts that are words: the strip of tokens and the plain text.

function makeStrip(view, parent) {
  const box = element("section", view.run.pooled ? "part strip windowed" : "part strip", parent);
  const heading = (key) => element("div", "part-title", box, view.words.say(key));
  const none = () => Array(view.run.first); // of the tokens before a window
  const list = () => {
    const made = element("div", "tokens", box);
    made.setAttribute("role", "listbox");
    made.tabIndex = 0;
    return made;
  };
  const promptTitle = heading("strip_prompt");
  const prompt = list();
  prompt.classList.add("given");
  prompt.setAttribute("aria-label", view.words.say("strip_prompt"));
  const answerTitle = heading("strip_answer");
  const answer = list();
  answer.setAttribute("aria-label", view.words.say("strip_answer"));
  let chips = none();

  const tokenAt = (event) => {
    const chip = event.target.closest(".token");
    return chip ? Number(chip.dataset.token) : null;
  };
  for (const tokens of [prompt, answer]) {
    tokens.onpointerover = (event) => view.hover(tokenAt(event), event.target.closest(".token"));
    tokens.onpointerleave = () => view.hover(null);
    tokens.onclick = (event) =>
      view.toggle(tokenAt(event), event, event.target.closest(".token"));
  }

  function add(i) {
    const group = view.run.groups[i];
    const text = view.run.texts[i];
    let chip = group.first < i ? chips[group.first] : null;
    if (!chip) {
      const tokens = i < view.run.n_prompt ? prompt : answer;
      chip = element("span", "token", tokens);
      chip.setAttribute("role", "option");
      chip.id = `token-${i}`;
    }
    chip.dataset.token = i;
    chip.textContent = visible(text);
    chip.classList.toggle("tag", isTag(text));
    chip.classList.toggle("pending", text === "");
    chips[i] = chip;
    for (let j = group.first; j < i; j++) chips[j] = chip;
    if (text.endsWith("\n")) element("br", "", chip.parentElement);
  }

  function follow(chip) {
    const frame = answer;
    if (frame.scrollHeight <= frame.clientHeight || view.pinned !== null) return;
    frame.scrollTop = chip.offsetTop - frame.clientHeight / 2;
  }

  return {
    reset() {
      chips = none();
      prompt.replaceChildren();
      answer.replaceChildren();
    },
    draw(shown, current) {
      const { first, n_prompt, pooled } = view.run; // a window may lie in one of the two
      promptTitle.hidden = prompt.hidden = Boolean(pooled) && first >= n_prompt;
      answerTitle.hidden = answer.hidden = Boolean(pooled) && shown <= n_prompt;
      const grown = chips.length < shown;
      const promptGrows = chips.length < n_prompt;
      while (chips.length < shown) add(chips.length);
      if (promptGrows && view.grows) prompt.scrollTop = prompt.scrollHeight;
      for (const chip of box.querySelectorAll(".newest, .current, .pinned")) {
        chip.classList.remove("newest", "current", "pinned");
        chip.removeAttribute("aria-selected");
      }
      if (!shown) return;
      const newest = chips[shown - 1];
      if (view.grows) newest.classList.add("newest");
      if (grown && shown > n_prompt && view.grows) follow(newest);
      const marked = chips[current];
      marked.classList.add("current");
      marked.setAttribute("aria-selected", "true");
      if (view.pinned !== null && chips[view.pinned]) chips[view.pinned].classList.add("pinned");
      for (const tokens of [prompt, answer]) tokens.setAttribute("aria-activedescendant", marked.id);
    },
    anchor: (i) => chips[i],
  };
}

function makeText(view, parent) {
  const box = element("section", "part text", parent);
  element("div", "part-title", box, view.words.say("text_title"));
  const text = element("div", "answer", box);
  let pieces = [];
  const tokenAt = (event) =>
    event.target.dataset.token === undefined ? null : Number(event.target.dataset.token);
  text.onpointerover = (event) => view.hover(tokenAt(event), event.target);
  text.onpointerleave = () => view.hover(null);
  text.onclick = (event) => view.toggle(tokenAt(event), event, event.target);

  return {
    reset() {
      pieces = [];
      text.replaceChildren();
    },
    draw(shown, current) {
      const first = Math.max(view.run.n_prompt, view.run.first);
      while (first + pieces.length < shown) {
        const i = first + pieces.length;
        const piece = element("span", "piece", text, view.run.texts[i]);
        piece.dataset.token = i;
        pieces.push(piece);
      }
      for (const piece of text.querySelectorAll(".current, .pinned, .newest"))
        piece.classList.remove("current", "pinned", "newest");
      const mark = (i, name) => {
        if (i === null || !view.run.groups[i]) return;
        const piece = pieces[view.run.groups[i].last - first];
        if (piece) piece.classList.add(name);
      };
      if (shown < view.run.length || view.live) mark(shown - 1, "newest");
      if (view.hovered !== null) mark(current, "current");
      mark(view.pinned, "pinned");
    },
  };
}
