// Without this script every image and generation stands below the other; with it a slider goes through them.
(() => {
  const section = document.getElementById("through");
  if (!section) return;
  const which = document.getElementById("which");
  const when = document.getElementById("when");
  const said = document.getElementById("said");
  const subjects = [...section.querySelectorAll(".subject")];
  const show = () => {
    subjects.forEach((subject, number) => { subject.hidden = number !== which.selectedIndex; });
    const frames = [...subjects[which.selectedIndex].querySelectorAll(".frame")];
    if (when) when.max = frames.length - 1;
    const shown = when ? Number(when.value) : 0; // one generation has no slider
    frames.forEach((frame, number) => { frame.hidden = number !== shown; });
    const { name, facts } = frames[shown].dataset;
    said.textContent = `${name}: ${facts}`;
    if (!when) return;
    when.setAttribute("aria-valuetext", name);
    when.disabled = frames.length < 2;
  };
  which.addEventListener("change", show);
  if (when) when.addEventListener("input", show);
  section.classList.add("live");
  section.querySelector(".controls").hidden = false;
  show();
})();
