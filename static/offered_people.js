// A list of people under a field, to choose from by mouse or keys. A script that offers people says
// where it asks for them, how one is shown and what choosing one does.
(function () {
  "use strict";
  if (window.offeredPeople) { return; }

  // options: address() where to ask, label(item, person), take(person), and whether the field is a
  // combobox or a text in which the first of the people is marked at once, for Enter and Tab.
  window.offeredPeople = function (field, options) {
    var list = document.createElement("ul");
    var news = document.createElement("p");
    var people = [], chosen = -1, asked = 0, timer = 0;
    list.id = field.id + "_people";
    list.className = "offered";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.dataset.offered);
    list.hidden = true;
    news.className = "hidden";
    news.setAttribute("aria-live", "polite");
    field.after(list, news);
    if (options.isCombobox) { field.setAttribute("role", "combobox"); }
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);

    function setOpen(isOpen) {
      chosen = -1;
      list.hidden = !isOpen;
      field.removeAttribute("aria-activedescendant");
      if (options.isCombobox) { field.setAttribute("aria-expanded", String(isOpen)); }
    }

    function close() {
      asked += 1;
      clearTimeout(timer);
      people = [];
      list.replaceChildren();
      setOpen(false);
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
      options.take(people[index]);
      close();
    }

    function addItem(person, index) {
      var item = document.createElement("li");
      item.id = list.id + "_" + index;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      options.label(item, person);
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
      setOpen(people.length > 0);
      news.textContent = people.length
        ? people.length + " " + field.dataset.offered
        : field.dataset.none || "";
      if (people.length && !options.isCombobox) { mark(0); }
    }

    function ask() {
      asked += 1;
      var turn = asked;
      fetch(options.address(), { credentials: "same-origin" })
        .then(function (answer) { return answer.ok ? answer.json() : { people: [] }; })
        .then(function (answer) { if (turn === asked) { show(answer); } })
        .catch(close);
    }

    field.addEventListener("keydown", function (event) {
      if (list.hidden) {
        if (event.key === "ArrowDown" && options.isCombobox) { event.preventDefault(); ask(); }
        return;
      }
      var isTaken = event.key === "Enter" || (event.key === "Tab" && !options.isCombobox);
      if (event.key === "ArrowDown") { mark((chosen + 1) % people.length); }
      else if (event.key === "ArrowUp") { mark((chosen + people.length - 1 + (chosen < 0)) % people.length); }
      else if (isTaken && chosen >= 0) { take(chosen); }
      else if (event.key === "Escape") { close(); }
      else { return; }
      event.preventDefault();
    });

    function askSoon(pause) {
      clearTimeout(timer);
      timer = setTimeout(ask, pause);
    }

    field.addEventListener("blur", close);
    return { ask: ask, askSoon: askSoon, close: close };
  };
})();
