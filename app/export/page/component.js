// What Streamlit would do: give the component its data. What it sends is for nobody.
const text = document.getElementById("data").textContent;
const data = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const parentElement = document.getElementById("place");
view({ data, parentElement, setStateValue() {}, setTriggerValue() {} });
