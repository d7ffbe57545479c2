// What makes the pages handier; every page works without it.

/** The first line that says something, at most 80 signs: what triage.domain.feedback.suggested_title does. */
function suggestedTitle(body) {
  const line = body.split("\n").map((part) => part.trim()).find(Boolean) ?? "";
  return line.length <= 80 ? line : line.slice(0, 79).trimEnd() + "…";
}

function store(key, value) {
  try {
    if (value) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
  } catch { /* private windows may have no storage: then there is no draft */ }
}

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

/** Keeps what is being written, so that a closed tab loses nothing. The mail address is not kept. */
function keepDraft(form) {
  const key = `draft:${form.dataset.draft}`;
  const { body, title } = form.elements;
  if (!("returned" in form.dataset) && !body.value) {
    const draft = stored(key);
    body.value = draft.body ?? "";
    title.value = draft.title ?? "";
  }
  form.addEventListener("input", () => store(key, body.value ? { body: body.value, title: title.value } : null));
}

/** Fills the title from the first line until somebody edits it. */
function followTitle(form) {
  const { body, title } = form.elements;
  let own = title.value !== "" && title.value !== suggestedTitle(body.value);
  const follow = () => { if (!own) title.value = suggestedTitle(body.value); };
  title.addEventListener("input", () => { own = title.value !== ""; });
  body.addEventListener("input", follow);
  follow();
}

function countSigns(field) {
  const limit = Number(field.dataset.limit);
  const out = field.parentElement.querySelector("[data-count]");
  const count = () => {
    const over = [...field.value].length - limit;
    out.textContent = over > 0 ? field.dataset.tooLong.replace("{over}", over.toLocaleString()) : "";
  };
  field.addEventListener("input", count);
  count();
}

/** Says before sending that a picture is too large: on a slow line that is minutes earlier. */
function weighPicture(field) {
  field.addEventListener("change", () => {
    const over = [...field.files].some((file) => file.size > field.dataset.megabytes * 1024 * 1024);
    field.setCustomValidity(over ? field.dataset.tooBig : "");
    field.reportValidity();
  });
}

/** A second press of the button while the first is on its way does nothing; the way back makes it work again. */
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
  });
}
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

function copyButton(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.copied;
  });
}

/** Times in the reader's own zone, on hovering. */
function localTime(element) {
  const moment = new Date(element.dateTime);
  const language = document.documentElement.lang;
  element.title = moment.toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}

/** A choice is taken at once, but not while arrow keys still walk through the list: then the form's button takes it. */
function takeChoice(select) {
  let walking = false;
  select.addEventListener("keydown", (event) => { walking = event.key !== "Enter"; });
  select.addEventListener("pointerdown", () => { walking = false; });
  select.addEventListener("change", () => { if (!walking) select.form.requestSubmit(); });
}

/** j and k go down and up in the queue, o opens; never while something is typed, or composed with an input method. */
function queueKeys(event) {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const links = [...document.querySelectorAll(".topic h2 a")];
  const at = links.findIndex((link) => link.closest(".topic").contains(document.activeElement));
  if (event.key === "j") links[Math.min(at + 1, links.length - 1)]?.focus();
  if (event.key === "k") links[Math.max(at - 1, 0)]?.focus();
  if (event.key === "o") links[at]?.click();
}
if (document.querySelector(".topic")) addEventListener("keydown", queueKeys);

const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
all("form[data-draft]", (form) => { keepDraft(form); followTitle(form); });
all("[data-limit]", countSigns);
all("[data-megabytes]", weighPicture);
all("form[data-once]", sendOnce);
all("[data-copy]", copyButton);
all("time[datetime]", localTime);
all("select[data-submit]", takeChoice);
all("[data-sent]:not(form)", (element) => store(`draft:${element.dataset.sent}`, null));
document.querySelector("[data-focus]")?.focus({ preventScroll: false });
