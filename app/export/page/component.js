// Takes Streamlit's place: gives the component its data. What the component sends is ignored.
const text = document.getElementById("data").textContent;
const data = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const parentElement = document.getElementById("place");
view({ data, parentElement, setStateValue() {}, setTriggerValue() {} });
