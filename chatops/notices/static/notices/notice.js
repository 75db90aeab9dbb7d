// While a notice is composed: how many people it is for. What is changed must be saved before it
// can be sent.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("notice_form");
  const audience = form?.querySelector("select[name=audience]");
  if (!audience) return;

  const contents = () => new URLSearchParams(new FormData(form)).toString();
  const saved = contents();
  const ready = [...document.querySelectorAll("[data-needs-saved]:not(:disabled)")];
  const count = document.createElement("output");
  count.className = "co-hint";
  count.id = "audience-count";
  audience.closest(".form-row, .field-line, div").after(count);
  let asked = 0, timer = 0;

  async function ask() {
    const number = ++asked;
    const body = new FormData();
    for (const name of ["audience", "room", "addresses", "csrfmiddlewaretoken"]) {
      body.set(name, form.elements[name]?.value ?? "");
    }
    const answer = await fetch(audience.dataset.countUrl, { method: "POST", body });
    if (number !== asked || !answer.ok) return;
    const { people, problem } = await answer.json();
    count.textContent = problem ?? (people === 1 ? "1 person now" : `${people.toLocaleString("en")} people now`);
    count.classList.toggle("co-wrong", Boolean(problem));
  }

  function look() {
    const changed = contents() !== saved;
    for (const button of ready) button.disabled = changed;
    for (const hint of document.querySelectorAll("[data-unsaved]")) hint.hidden = !changed;
    clearTimeout(timer);
    timer = setTimeout(ask, 300);
  }
  form.addEventListener("input", look);
  form.addEventListener("change", look);
  // The room's field is a widget of jQuery's, whose events others do not hear.
  window.django?.jQuery?.(form).on("change", "select[name=room]", look);
  ask();
});
