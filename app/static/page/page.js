// What every page of the app does before Streamlit's own script begins (app/core/server/own_script.py).

// --- History ------------------------------------------------------------------------------------
// Pages, rooms and screens are places, to which Back returns. Streamlit makes a new entry of whatever
// the server writes into the address: of a control, too, and of what a link had to be mended.

const PLACE = ["room", "present", "screen"]; // keys of the URL that name a place on a page
const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart"];

let touched = false; // before anybody has done anything, the link is still being opened
for (const sign of SIGNS)
  window.addEventListener(sign, () => (touched = true), { capture: true, passive: true });

/** @param {string | URL} address */
function placeOf(address) {
  const { pathname, searchParams } = new URL(address, location.href);
  return JSON.stringify([pathname, ...PLACE.map((key) => searchParams.get(key))]);
}

const push = history.pushState.bind(history);
const replace = history.replaceState.bind(history);
history.pushState = (state, unused, address) => {
  const there = address ?? location.href;
  const isNew = touched && placeOf(there) !== placeOf(location.href);
  (isNew ? push : replace)(state, unused, there);
};

// --- Sidebar ------------------------------------------------------------------------------------
// Where the sidebar lies over the page, who has chosen a page in it wants to see that. Streamlit closes
// it for browsers that say they are on a phone, not for narrow windows and tablets.

const LINK = "[data-testid=stSidebarNavLink]";
const SIDEBAR = "[data-testid=stSidebar]";
const OVER = window.matchMedia("(max-width: 768px)");

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element && event.target.closest(LINK)) || !OVER.matches) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) return; // for another tab
  setTimeout(() => {
    const open = document.querySelector(`${SIDEBAR}[data-collapsed=false]`); // Streamlit was not first
    const close = open?.querySelector("[data-testid=stSidebarCollapseButton] button");
    if (close instanceof HTMLElement) close.click();
  });
});
