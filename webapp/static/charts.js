/* Draws the charts of a page beside their tables. Without it, or where a browser cannot, the tables say it all. */
(function () {
  "use strict";
  var vega = window.inspectgraphVega;
  if (!vega) return;

  var options = {
    mode: "vega-lite", renderer: "svg", actions: false, defaultStyle: false, ast: true,
    expr: vega.expressionInterpreter, logLevel: 1, loader: { target: "_self" }, tooltip: { disableDefaultStyle: true, theme: "ig" }
  };

  function save(url, name) {
    var link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
  }

  function button(text, action) {
    var made = document.createElement("button");
    made.type = "button";
    made.className = "govuk-button govuk-button--secondary";
    made.textContent = text;
    made.addEventListener("click", action);
    return made;
  }

  function draw(figure) {
    var place = figure.querySelector(".chart__drawing"), tools = figure.querySelector(".chart__tools");
    fetch(figure.dataset.chart).then(function (answer) {
      if (!answer.ok) throw new Error("HTTP " + answer.status);
      return answer.json();
    }).then(function (spec) {
      // in a narrow window the numbers matter more than whole names: the table has these
      if (place.clientWidth < 520) spec.config.axis.labelLimit = Math.round(0.45 * place.clientWidth);
      return vega.embed(place, spec, options);
    }).then(function (result) {
      var name = figure.dataset.name;
      figure.hidden = false;
      result.view.resize().runAsync().then(function () {
        // what scrolls in a narrow window can be scrolled with keys
        if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
        // marks that are drawn without a name are no symbols to a screen reader: the table is
        place.querySelectorAll('[role="graphics-symbol"]:not([aria-label])').forEach(function (mark) {
          mark.removeAttribute("role");
          mark.removeAttribute("aria-roledescription");
        });
      });
      var first = tools.firstChild;
      ["png", "svg"].forEach(function (form) {
        tools.insertBefore(button("Chart as " + form.toUpperCase(), function () {
          result.view.toImageURL(form, form === "png" ? 2 : 1).then(function (url) { save(url, name + "." + form); });
        }), first);
      });
    }).catch(function (error) { figure.remove(); console.error(error); });
  }

  // only what comes near the window is drawn
  if (!("IntersectionObserver" in window)) { document.querySelectorAll(".chart").forEach(draw); return; }
  var watch = new IntersectionObserver(function (seen) {
    seen.forEach(function (entry) {
      if (entry.isIntersecting) { watch.unobserve(entry.target); draw(entry.target); }
    });
  }, { rootMargin: "400px" });
  document.querySelectorAll(".chart").forEach(function (figure) { figure.hidden = false; watch.observe(figure); });
})();
