/* Turns the form at /sparql into an editor with completion, and shows answers in place. Without it the form works. */
(function () {
  "use strict";
  var form = document.querySelector("form.sparql-editor");
  var area = document.getElementById("query");
  if (!form || !area || typeof Yasgui === "undefined") return;
  var Yasqe = Yasgui.Yasqe, Yasr = Yasgui.Yasr;
  // whether the query that was asked last counts something
  var counted = false;

  fetch("/sparql/editor.json")
    .then(function (response) { return response.ok ? response.json() : Promise.reject(response.status); })
    .then(start)
    .catch(function () { /* the plain form stays */ });

  function start(words) {
    var prefixes = words.prefixes;
    complete("prefixes", Object.keys(prefixes).map(function (name) { return name + ": <" + prefixes[name] + ">"; }));
    complete("class", words.classes);
    complete("property", words.properties);
    Yasr.registerPlugin("bars", Bars, true);

    var holder = document.createElement("div");
    holder.id = "sparql-code";
    area.before(holder);
    area.hidden = true;
    var choice = form.querySelector("#format").closest("p");
    choice.classList.add("as-file");

    var answer = document.createElement("section");
    answer.id = "sparql-answer";
    answer.setAttribute("aria-live", "polite");
    answer.setAttribute("aria-label", "Answer");
    answer.hidden = true;
    form.after(answer);
    // identifiers lead to their pages here, whatever host they name
    answer.addEventListener("click", function (event) {
      var link = event.target.closest("a[href]");
      if (link && link.href.indexOf(words.base) === 0) {
        event.preventDefault();
        window.open("/" + link.href.slice(words.base.length), "_blank", "noopener");
      }
    });

    var editor = new Yasqe(holder, {
      value: area.value,
      requestConfig: { endpoint: "/sparql", method: "POST", acceptHeaderGraph: "text/turtle" },
      persistenceId: null,
      consumeShareLink: null,
      createShareableLink: address,
      autocompleters: ["prefixes", "class", "property", "variables"],
      prefixCcApi: null,
      showQueryButton: true,
      resizeable: true,
      editorHeight: "22rem",
      // Tab leaves the editor, as everywhere else on the page
      extraKeys: Object.assign({}, Yasqe.defaults.extraKeys, { Tab: false, "Shift-Tab": false }),
      screenReaderLabel: "SPARQL query",
      lineWrapping: true
    });
    var table = new Yasr(answer, {
      persistenceId: null,
      pluginOrder: ["table", "bars", "response"],
      defaultPlugin: "table",
      prefixes: function () { return Object.assign({}, prefixes, editor.getPrefixesFromQuery()); }
    });

    editor.on("change", function () { area.value = editor.getValue(); });
    editor.on("query", function () { counted = /\b(COUNT|SUM)\s*\(/i.test(editor.getValue()); history.replaceState(null, "", address(editor)); drop(); });
    editor.on("queryResponse", function (_, response, duration) {
      answer.hidden = false;
      table.setResponse(response, duration);
    });
    form.addEventListener("submit", function (event) {
      area.value = editor.getValue();
      if (form.querySelector("#format").value === "html") {
        event.preventDefault();
        editor.query().catch(function () {});
      }
    });
    // an address that carries a query shows its answer already: the page came with it
    window.inspectgraphEditor = { editor: editor, answer: table };
  }

  function address(editor) {
    return location.origin + "/sparql?" + new URLSearchParams({ query: editor.getValue() });
  }

  /** Takes away the answer that the page came with, when a new one is asked for. */
  function drop() {
    var old = document.getElementById("page-answer");
    if (old) old.remove();
  }

  function complete(name, words) {
    Object.assign(Yasqe.Autocompleters[name], { get: words, bulk: true, persistenceId: null });
  }

  /** A bar for each row of a table of counts: the first column that holds words, the last that holds whole numbers. */
  function Bars(yasr) {
    this.yasr = yasr;
    this.priority = 5;
    this.label = "Chart";
  }
  Bars.prototype.counts = function () {
    var results = this.yasr.results, rows = results && results.getBindings();
    if (!counted || !rows || rows.length < 2 || rows.length > 100) return null;
    var names = results.getVariables();
    var numeric = names.filter(function (name) {
      return rows.every(function (row) { return row[name] && /^\d+$/.test(row[name].value); });
    });
    var number = numeric[numeric.length - 1];
    var label = names.find(function (name) { return name !== number && rows.some(function (row) { return row[name]; }); });
    if (!number || !label) return null;
    return rows.map(function (row) {
      return { label: row[label] ? row[label].value.replace(/^https?:.*[/#]/, "") : "", number: Number(row[number].value) };
    });
  };
  Bars.prototype.canHandleResults = function () { return this.counts() !== null; };
  Bars.prototype.getIcon = function () { return undefined; };
  Bars.prototype.draw = function () {
    var counts = this.counts(), step = 26, left = 260, width = 860, svg = make("svg");
    var most = Math.max.apply(null, counts.map(function (c) { return Math.abs(c.number); })) || 1;
    svg.setAttribute("viewBox", "0 0 " + width + " " + counts.length * step);
    svg.setAttribute("role", "img");
    svg.setAttribute("class", "sparql-bars");
    svg.setAttribute("aria-label", "Bar chart of the table's counts");
    counts.forEach(function (count, place) {
      var y = place * step, long = (Math.abs(count.number) / most) * (width - left - 90);
      var text = put(svg, "text", { x: left - 10, y: y + 17, "text-anchor": "end" });
      text.textContent = count.label.length > 36 ? count.label.slice(0, 35) + "…" : count.label;
      put(svg, "rect", { x: left, y: y + 4, width: Math.max(1, long), height: step - 8 });
      put(svg, "text", { x: left + long + 8, y: y + 17 }).textContent = count.number.toLocaleString("en-GB");
    });
    this.yasr.resultsEl.replaceChildren(svg);
  };
  function make(name) { return document.createElementNS("http://www.w3.org/2000/svg", name); }
  function put(parent, name, attributes) {
    var element = make(name);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    parent.appendChild(element);
    return element;
  }
})();
