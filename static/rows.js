// Adds and takes out rows of a list, and takes rows that are pasted from a spreadsheet, without a
// page load. Without this script the buttons send the form, and it comes back as it was typed.
(function () {
  "use strict";

  function follow(box) {
    var name = box.dataset.rows;
    var most = Number(box.dataset.most);
    var body = box.querySelector("tbody");
    var count = box.querySelector("input[name='" + name + "-rows']");
    var add = box.querySelector("button[name='" + name + "-add']");
    var blank = body.rows[0] && body.rows[0].cloneNode(true);
    if (!blank) { return; }

    function controls(row) { return row.querySelectorAll("input, select, textarea, button"); }

    function renumber() {
      Array.from(body.rows).forEach(function (row, number) {
        row.querySelectorAll("[name], [id], [for], [aria-label], [data-cell]").forEach(function (part) {
          ["name", "id", "for", "data-cell"].forEach(function (attribute) {
            var said = part.getAttribute(attribute);
            if (said) { part.setAttribute(attribute, said.replace(new RegExp("(" + name + ")-\\d+-"), "$1-" + number + "-")); }
          });
          var label = part.getAttribute("aria-label");
          if (label) { part.setAttribute("aria-label", label.replace(/\d+$/, number + 1)); }
        });
        var out = row.querySelector("button[name='" + name + "-remove']");
        if (out) { out.value = number; }
        var spoken = out && out.querySelector(".hidden");
        if (spoken) { spoken.textContent = spoken.textContent.replace(/\d+/, number + 1); }
      });
      count.value = body.rows.length;
      if (add) { add.hidden = body.rows.length >= most; }
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }

    function empty(row) {
      row.querySelectorAll(".error, .offered-people, fieldset").forEach(function (part) { part.remove(); });
      row.querySelectorAll(".wrong").forEach(function (part) { part.classList.remove("wrong"); });
      controls(row).forEach(function (control) {
        if (control.tagName === "BUTTON") { return; }
        control.value = control.dataset.opensWith || "";
        delete control.dataset.ready;
      });
    }
    empty(blank);

    function addRow() {
      if (body.rows.length >= most) { return null; }
      var row = body.appendChild(blank.cloneNode(true));
      renumber();
      return row;
    }

    function cellOf(row, column) {
      return row.cells[column] && row.cells[column].querySelector("input:not([type=hidden]), select, textarea");
    }

    function put(control, text) {
      if (control.tagName !== "SELECT") { control.value = text; return; }
      Array.from(control.options).forEach(function (option) {
        if (option.text.toLowerCase() === text.toLowerCase() || option.value.toLowerCase() === text.toLowerCase()) {
          control.value = option.value;
        }
      });
    }

    function fits(lines) {
      var width = body.rows[0].cells.length - 1;
      return lines.every(function (line) { return line.length <= width; });
    }

    box.addEventListener("click", function (event) {
      var button = event.target.closest("button");
      if (!button) { return; }
      if (button === add) {
        event.preventDefault();
        var row = addRow();
        if (row) { cellOf(row, 0).focus(); }
      } else if (button.name === name + "-remove") {
        event.preventDefault();
        var old = button.closest("tr");
        if (body.rows.length > 1) { old.remove(); } else { empty(old); }
        renumber();
      }
    });

    box.addEventListener("paste", function (event) {
      var cell = event.target.closest("td");
      var text = event.clipboardData ? event.clipboardData.getData("text") : "";
      if (!cell || !/[\t\n]/.test(text.trim()) || event.target.tagName === "TEXTAREA") { return; }
      var lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n").map(function (line) { return line.split("\t"); });
      var from = cell.cellIndex;
      var shifted = lines.map(function (line) { return new Array(from).concat(line); });
      var first = cell.parentNode.rowIndex - 1;
      if (!fits(shifted) || first + lines.length > most) { return; }
      event.preventDefault();
      lines.forEach(function (line, at) {
        var row = body.rows[first + at] || addRow();
        line.forEach(function (said, column) {
          var control = cellOf(row, from + column);
          if (control) { put(control, said.trim()); }
        });
      });
      renumber();
    });
  }

  document.querySelectorAll("[data-rows]").forEach(follow);
})();
