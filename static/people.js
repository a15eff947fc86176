// Offers people under a box for a person as one types. Without this script the page comes back
// with those who are meant; the server checks who was chosen either way.
(function () {
  "use strict";
  var PAUSE = 150;

  function labelWithAbout(item, person) {
    item.textContent = person.name;
    if (person.about) {
      var about = document.createElement("small");
      about.textContent = person.about;
      item.append(" ", about);
    }
  }

  function offerPeople(field) {
    field.dataset.ready = "yes";
    var offered = window.offeredPeople(field, {
      isCombobox: true,
      label: labelWithAbout,
      address: function () {
        return field.dataset.people + "&q=" + encodeURIComponent(field.value);
      },
      take: function (person) {
        field.value = person.name;
        field.parentNode.querySelectorAll(".offered-people").forEach(function (old) { old.remove(); });
      }
    });
    field.setAttribute("aria-expanded", "false");

    field.addEventListener("input", function () { offered.askSoon(PAUSE); });
  }

  document.querySelectorAll("input[data-people]:not([data-ready])").forEach(offerPeople);
})();
