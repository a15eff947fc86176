// Offers people under a box for a person as one types. Without this script the page comes back
// with those who are meant; the server checks who was chosen either way.
(function () {
  "use strict";
  var PAUSE = 150;

  function offerPeople(field) {
    var list = document.createElement("ul");
    var news = document.createElement("p");
    var people = [], chosen = -1, asked = 0, timer = 0;
    field.dataset.ready = "yes";
    list.id = field.id + "_people";
    list.className = "offered";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.dataset.offered);
    list.hidden = true;
    news.className = "hidden";
    news.setAttribute("aria-live", "polite");
    field.after(list, news);
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    field.setAttribute("aria-expanded", "false");

    function open(isOpen) {
      list.hidden = !isOpen;
      field.setAttribute("aria-expanded", String(isOpen));
      if (!isOpen) { field.removeAttribute("aria-activedescendant"); chosen = -1; }
    }

    function close() {
      asked += 1;
      clearTimeout(timer);
      open(false);
    }

    function mark(index) {
      chosen = index;
      Array.from(list.children).forEach(function (item, number) {
        item.setAttribute("aria-selected", String(number === chosen));
      });
      field.setAttribute("aria-activedescendant", list.children[chosen].id);
      list.children[chosen].scrollIntoView({ block: "nearest" });
    }

    function take(index) {
      field.value = people[index].name;
      field.parentNode.querySelectorAll(".offered-people").forEach(function (old) { old.remove(); });
      close();
    }

    function addItem(person, index) {
      var item = document.createElement("li");
      item.id = list.id + "_" + index;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.textContent = person.name;
      if (person.about) {
        var about = document.createElement("small");
        about.textContent = person.about;
        item.append(" ", about);
      }
      item.addEventListener("mousedown", function (event) {
        event.preventDefault();
        take(index);
      });
      list.appendChild(item);
    }

    function show(answer) {
      people = answer.people;
      list.replaceChildren();
      people.forEach(addItem);
      open(people.length > 0);
      news.textContent = people.length
        ? people.length + " " + field.dataset.offered
        : field.dataset.none;
    }

    function ask() {
      asked += 1;
      var mine = asked;
      fetch(field.dataset.people + "&q=" + encodeURIComponent(field.value),
        { credentials: "same-origin" })
        .then(function (answer) { return answer.ok ? answer.json() : { people: [] }; })
        .then(function (answer) { if (mine === asked) { show(answer); } })
        .catch(close);
    }

    field.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE);
    });

    field.addEventListener("keydown", function (event) {
      if (list.hidden) {
        if (event.key === "ArrowDown") { event.preventDefault(); ask(); }
        return;
      }
      if (event.key === "ArrowDown") { mark((chosen + 1) % people.length); }
      else if (event.key === "ArrowUp") { mark((chosen + people.length - 1 + (chosen < 0)) % people.length); }
      else if (event.key === "Enter" && chosen >= 0) { take(chosen); }
      else if (event.key === "Escape") { close(); }
      else { return; }
      event.preventDefault();
    });

    field.addEventListener("blur", close);
  }

  document.querySelectorAll("input[data-people]:not([data-ready])").forEach(offerPeople);
})();
