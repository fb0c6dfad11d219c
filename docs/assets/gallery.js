// The gallery's search field and filters: a card shows if it has every chosen property and the words typed.
const gallery = document.querySelector(".acts-gallery")
if (gallery) {
  const cards = [...gallery.querySelectorAll(".acts-card")]
  const form = document.querySelector(".acts-filters")
  const count = document.querySelector(".acts-count")
  const fields = { words: form.elements.words, family: form.elements.family }
  const boxes = [...form.querySelectorAll("input[type=checkbox]")]

  const plain = text => text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase()  // without accents

  const show = () => {
    const words = plain(fields.words.value).split(/\s+/).filter(Boolean)
    const wanted = boxes.filter(box => box.checked).map(box => box.value)
    for (const card of cards) {
      const { text, family, properties } = card.dataset
      card.hidden = !(
        words.every(word => plain(text).includes(word)) &&
        (!fields.family.value || family === fields.family.value) &&
        wanted.every(property => properties.split(";").includes(property))
      )
    }
    const shown = cards.filter(card => !card.hidden).length
    count.textContent = shown === cards.length ? `${shown} activations` : `${shown} of ${cards.length} activations`
    if (!shown) count.textContent += ": choose less, or show all"
    const state = new URLSearchParams()
    if (words.length) state.set("q", fields.words.value.trim())
    if (fields.family.value) state.set("family", fields.family.value)
    if (wanted.length) state.set("has", wanted.join(";"))
    history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search)
  }

  const read = () => {
    const asked = new URLSearchParams(location.hash.slice(1))
    fields.words.value = asked.get("q") ?? ""
    fields.family.value = asked.get("family") ?? ""
    const has = (asked.get("has") ?? "").split(";")
    for (const box of boxes) box.checked = has.includes(box.value)
    show()
  }
  addEventListener("hashchange", read)
  form.addEventListener("input", show)
  form.addEventListener("reset", () => setTimeout(show))
  form.addEventListener("submit", event => event.preventDefault())
  read()
}
