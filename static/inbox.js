// Keys of the inbox, and a quiet look whether it has changed.
// Without this script the page has all it needs: links, boxes to tick, and buttons.
(function () {
  "use strict";
  var OFF = "handoff.keys.off";
  var help = document.getElementById("keys");
  var chosen = document.getElementById("chosen");
  var news = document.getElementById("news");

  function rows() {
    return Array.from(document.querySelectorAll(".tasks > .task"));
  }

  function current() {
    return document.activeElement.closest(".tasks > .task");
  }

  function titleOf(row) {
    return row.querySelector(".what a");
  }

  function move(by) {
    var all = rows(), at = all.indexOf(current());
    var next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    if (next) {
      titleOf(next).focus();
    }
  }

  function open() {
    if (current()) {
      titleOf(current()).click();
    }
  }

  function choose() {
    var box = current() && current().querySelector(".pick input");
    if (box) {
      box.checked = !box.checked;
      box.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  // Leads to the page that shows what would be decided; it is decided there, by its button.
  function decide(way) {
    if (!chosen) {
      return;
    }
    var asked = new URLSearchParams(new FormData(chosen));
    var box = current() && current().querySelector(".pick input");
    if (!asked.has("task") && box) {
      asked.append("task", box.value);
    }
    if (asked.has("task")) {
      asked.append("choose", way);
      window.location.assign(chosen.action + "?" + asked);
    }
  }

  function search() {
    var field = document.getElementById("q");
    if (field) {
      field.focus();
      field.select();
    }
  }

  var KEYS = {
    j: function () { move(1); },
    k: function () { move(-1); },
    o: open,
    x: choose,
    a: function () { decide("forward"); },
    r: function () { decide("back"); },
    "/": search,
    "?": function () { help.showModal(); }
  };

  function isOff() {
    try {
      return window.localStorage.getItem(OFF) === "1";
    } catch (refused) {
      return false;
    }
  }

  function isTyping(target) {
    return target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox])");
  }

  function press(event) {
    var act = KEYS[event.key];
    var isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.isComposing;
    var isMeant = act && isPlain && (!event.repeat || event.key === "j" || event.key === "k");
    if (isMeant && !help.open && !isOff() && !isTyping(event.target)) {
      event.preventDefault();
      act();
    }
  }

  function offerKeys() {
    var button = document.getElementById("show-keys"), use = document.getElementById("use-keys");
    button.hidden = false;
    button.addEventListener("click", function () { help.showModal(); });
    use.checked = !isOff();
    use.addEventListener("change", function () {
      try {
        window.localStorage.setItem(OFF, use.checked ? "0" : "1");
      } catch (refused) {
        use.checked = true;
      }
    });
    document.addEventListener("keydown", press);
  }

  function countChosen() {
    var said = document.getElementById("chosen-count");
    document.addEventListener("change", function (event) {
      if (event.target.matches(".pick input")) {
        var number = document.querySelectorAll(".pick input:checked").length;
        said.textContent = said.dataset.chosen.replace("#", number);
      }
    });
  }

  // A page that nobody looks at asks for nothing; it asks when somebody comes back to it.
  function lookQuietly() {
    news.addEventListener("htmx:beforeRequest", function (event) {
      if (document.hidden) {
        event.preventDefault();
      }
    });
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden && window.htmx && !news.textContent.trim()) {
        window.htmx.trigger(news, "look");
      }
    });
  }

  if (help && help.showModal) {
    offerKeys();
  }
  if (chosen) {
    countChosen();
  }
  if (news) {
    lookQuietly();
  }
})();
