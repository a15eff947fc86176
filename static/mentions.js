// Offers people under a comment's text field once an at-sign is typed there.
// Without this script logins are typed by hand; the server checks them either way.
(function () {
  "use strict";
  var WORD = /(^|[^\w.@+\/-])@([\w.@+-]*)$/;

  function offerPeople(field) {
    var list = document.createElement("ul");
    var news = document.createElement("p");
    var people = [], chosen = -1, asked = 0;
    list.id = field.id + "_people";
    list.className = "offered";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.dataset.offered);
    list.hidden = true;
    news.className = "hidden";
    news.setAttribute("aria-live", "polite");
    field.after(list, news);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);

    function typedWord() {
      return WORD.exec(field.value.slice(0, field.selectionStart));
    }

    function close() {
      people = [];
      chosen = -1;
      asked += 1;
      list.hidden = true;
      list.replaceChildren();
      field.removeAttribute("aria-activedescendant");
    }

    function mark(index) {
      chosen = index;
      Array.from(list.children).forEach(function (item, number) {
        item.setAttribute("aria-selected", String(number === chosen));
      });
      field.setAttribute("aria-activedescendant", list.children[chosen].id);
    }

    function take(index) {
      var word = typedWord();
      if (!word) { close(); return; }
      var end = field.selectionStart;
      var begin = end - word[2].length;
      var after = field.value.slice(end);
      var login = people[index].login + (/^\s/.test(after) ? "" : " ");
      field.value = field.value.slice(0, begin) + login + after;
      field.selectionStart = field.selectionEnd = begin + login.length;
      close();
      field.focus();
    }

    function show(answer) {
      people = answer.people;
      list.replaceChildren();
      people.forEach(function (person, index) {
        var item = document.createElement("li");
        item.id = list.id + "_" + index;
        item.setAttribute("role", "option");
        item.textContent = person.name + " @" + person.login;
        item.addEventListener("mousedown", function (event) {
          event.preventDefault();
          take(index);
        });
        list.appendChild(item);
      });
      list.hidden = people.length === 0;
      news.textContent = people.length ? people.length + " " + field.dataset.offered : "";
      if (people.length) { mark(0); } else { field.removeAttribute("aria-activedescendant"); }
    }

    field.addEventListener("input", function () {
      var word = typedWord();
      if (!word) { close(); return; }
      asked += 1;
      var mine = asked;
      fetch(field.dataset.people + "?format=json&q=" + encodeURIComponent(word[2]),
        { credentials: "same-origin" })
        .then(function (answer) { return answer.ok ? answer.json() : { people: [] }; })
        .then(function (answer) { if (mine === asked) { show(answer); } })
        .catch(close);
    });

    field.addEventListener("keydown", function (event) {
      if (list.hidden) { return; }
      if (event.key === "ArrowDown") { mark((chosen + 1) % people.length); }
      else if (event.key === "ArrowUp") { mark((chosen + people.length - 1) % people.length); }
      else if (event.key === "Enter" || event.key === "Tab") { take(chosen); }
      else if (event.key === "Escape") { close(); }
      else { return; }
      event.preventDefault();
    });

    field.addEventListener("blur", close);
  }

  document.querySelectorAll("textarea[data-people]").forEach(offerPeople);
})();
