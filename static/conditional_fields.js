// Shows the fields of a form that are asked for as one fills it in, and what of its values cannot be
// had: the server is asked, as it is when the form is sent. Without this script all fields are shown,
// each with its condition, and what is taken is said when the form is sent.
(function () {
  "use strict";
  var PAUSE = 250;

  function follow(form) {
    var timer = null;
    var asked = 0;

    function say(line, words) {
      var box = document.createElement("div");
      box.className = "message warning";
      box.appendChild(document.createElement("p")).textContent = line.text;
      if (line.others.length) {
        var list = box.appendChild(document.createElement("ul"));
        line.others.forEach(function (other) {
          list.appendChild(document.createElement("li")).textContent = other;
        });
      }
      if (line.href) {
        var link = box.appendChild(document.createElement("p")).appendChild(document.createElement("a"));
        link.href = line.href;
        link.target = "_blank";
        link.textContent = words;
      }
      return box;
    }

    function showHolds(answer) {
      var part = form.querySelector("[data-holds]");
      if (!part || !answer.holds) { return; }
      part.querySelector("input").value = answer.holds_seen;
      part.querySelector("[role=status]").replaceChildren.apply(
        part.querySelector("[role=status]"),
        answer.holds.map(function (line) { return say(line, part.dataset.when); }));
    }

    function show(answer) {
      showHolds(answer);
      form.querySelectorAll("[data-conditional]").forEach(function (part) {
        var name = part.dataset.conditional;
        part.hidden = answer.shown.indexOf(name) < 0;
        var mark = part.querySelector(".required");
        if (mark) { mark.hidden = answer.required.indexOf(name) < 0; }
      });
      form.querySelectorAll("[data-cell]").forEach(function (cell) {
        cell.classList.toggle("unasked", answer.unasked_cells.indexOf(cell.dataset.cell) >= 0);
      });
      form.querySelectorAll("fieldset.section").forEach(function (section) {
        section.hidden = !section.querySelector(".field:not([hidden])");
      });
    }

    function ask() {
      var body = new FormData(form);
      Array.from(body.keys()).forEach(function (name) {
        if (body.get(name) instanceof File) { body.delete(name); }
      });
      body.append("which_fields", "1");
      var number = ++asked;
      fetch(form.action, { method: "POST", body: body, headers: { Accept: "application/json" } })
        .then(function (response) { return response.ok ? response.json() : null; })
        .then(function (answer) { if (answer && number === asked) { show(answer); } })
        .catch(function () { /* all that was shown stays */ });
    }

    function askSoon() {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE);
    }

    form.querySelectorAll("[data-conditional][data-shown=no]").forEach(function (part) {
      part.hidden = true;
    });
    form.querySelectorAll("[data-conditional] .condition").forEach(function (hint) {
      hint.hidden = true;
    });
    form.addEventListener("input", askSoon);
    form.addEventListener("change", askSoon);
    ask();
  }

  document.querySelectorAll("form").forEach(function (form) {
    if (form.querySelector("[data-conditional], [data-holds], [data-cell]")) { follow(form); }
  });
})();
