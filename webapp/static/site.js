/* Small helps; every page works without them. */
(function () {
  "use strict";

  // buttons that copy the text of an element
  if (navigator.clipboard) {
    document.querySelectorAll("[data-copy]").forEach(function (button) {
      var words = button.textContent;
      button.hidden = false;
      button.addEventListener("click", function () {
        navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim()).then(function () {
          button.textContent = "Copied";
          setTimeout(function () { button.textContent = words; }, 2500);
        }).catch(function () { button.hidden = true; });
      });
    });
  }

  // a box above a long list of choices that shows only those with its words
  document.querySelectorAll("[data-narrow]").forEach(function (holder) {
    var box = holder.querySelector("input"), list = document.getElementById(holder.dataset.narrow);
    holder.hidden = false;
    box.addEventListener("input", function () {
      var words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      list.querySelectorAll(".govuk-checkboxes__item").forEach(function (item) {
        var text = item.textContent.toLowerCase();
        item.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      });
    });
    // Enter in the box applies nothing: it only looks
    box.addEventListener("keydown", function (event) { if (event.key === "Enter") event.preventDefault(); });
  });

  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
})();
