// What a view says about a token, an expert or a place, aloud and in the tip.

class Teller {
  describe(i) {
    const p = this.run.probs[i];
    const key = i < this.run.n_prompt ? "token_given" : p === null ? "token_first" : "token_line";
    const said = [
      this.words.say(key, {
        n: i, text: visible(this.run.texts[this.run.groups[i].last]),
        p: p === null ? "" : this.words.probability(p),
      }),
    ];
    if (i >= this.run.fed) said.push(this.words.say("not_fed"));
    if (i === this.pinned) said.push(this.words.say("state_pinned"));
    else if (i !== this.hovered && (this.live || this.shown < this.run.length))
      said.push(this.words.say("state_newest"));
    return said.join(" ");
  }

  expertsOf(i, l) {
    return this.run
      .chosen(i, l)
      .map(({ expert, share }) => `${expert}\u00a0(${this.words.share.format(share)})`)
      .join(", ");
  }

  describeExperts(i) {
    if (i >= this.run.fed) return this.describe(i);
    const lines = this.run.layers.map((layer, l) =>
      this.words.say("layer_experts", { layer, experts: this.expertsOf(i, l) }),
    );
    return [this.describe(i), ...lines].join(" ");
  }

  showToken(i, at, cell) {
    if (!at) return this.hideTip();
    const { run, words } = this;
    const { first, last } = run.groups[i];
    const p = run.probs[i];
    this.tip.replaceChildren();
    const title = element("div", "tip-title", this.tip);
    element("span", "", title, words.say("token_number", { n: i }));
    element("span", "token", title, visible(run.texts[last]));
    const facts = [words.say("token_id", { id: run.token_ids[i] })];
    if (p !== null) facts.push(words.say("token_probability", { p: words.probability(p) }));
    element("div", "", this.tip, facts.join(" · "));
    if (last > first)
      element("div", "", this.tip, words.say("byte_tokens", { first, last, n: last - first + 1 }));
    if (i >= run.fed) element("div", "", this.tip, words.say("not_fed"));
    else
      run.layers.forEach((layer, l) => {
        const here = l === (cell ? cell.layer : run.pooled ? this.layer : -1);
        if (run.pooled && !here) return; // so many layers have no room
        const text = words.say("layer_experts", { layer, experts: this.expertsOf(i, l) });
        element("div", here ? "tip-row here" : "tip-row", this.tip, text);
      });
    this.place(at);
  }

  showExpert(l, expert, at) {
    const { run, words } = this;
    const i = this.current();
    const rank = run.chosen(i, l).findIndex((c) => c.expert === expert);
    const fed = Math.min(this.shown, run.fed);
    let took = 0;
    for (let t = run.first; t < fed; t++) if (run.chosen(t, l).some((c) => c.expert === expert)) took += 1;
    const values = { layer: run.layers[l], expert, took, tokens: fed - run.first, rank: rank + 1, k: run.k };
    this.tip.replaceChildren();
    element("div", "tip-title", this.tip, words.say("expert_title", values));
    if (rank >= 0) {
      const share = words.share.format(run.chosen(i, l)[rank].share);
      element("div", "", this.tip, words.say("expert_chosen", { ...values, share }));
    } else element("div", "", this.tip, words.say("expert_idle"));
    element("div", "", this.tip, words.say("expert_took", values));
    this.place(at);
  }

  showNote(text, at) {
    this.tip.replaceChildren();
    element("div", "", this.tip, text);
    this.place(at);
  }

  // Below the place it speaks of, or above where there is no room, or beside it; never over it.
  place(at) {
    const spot = at instanceof Element ? at.getBoundingClientRect() : at;
    const frame = this.root.getBoundingClientRect();
    this.tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    let [left, top] = [spot.left, spot.bottom + 6];
    if (spot.beside) {
      left = spot.right + 12 + width < frame.right ? spot.right + 12 : spot.left - 12 - width;
      top = spot.top - height / 2;
    } else if (top + height > window.innerHeight) top = spot.top - height - 6;
    left = Math.max(0, Math.min(left - frame.left, frame.width - width));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${top - frame.top}px`;
  }

  hideTip() {
    if (this.tip) this.tip.hidden = true;
  }
}
