// Offers people under a comment's text field once an at-sign is typed there.
// Without this script logins are typed by hand; the server checks them either way.
(function () {
  "use strict";
  var WORD = /(^|[^\w.@+\/-])@([\w.@+-]*)$/;

  function offerPeople(field) {
    function typedWord() {
      return WORD.exec(field.value.slice(0, field.selectionStart));
    }

    function putIn(person) {
      var word = typedWord();
      if (!word) { return; }
      var end = field.selectionStart;
      var begin = end - word[2].length;
      var after = field.value.slice(end);
      var login = person.login + (/^\s/.test(after) ? "" : " ");
      field.value = field.value.slice(0, begin) + login + after;
      field.selectionStart = field.selectionEnd = begin + login.length;
      field.focus();
    }

    var offered = window.offeredPeople(field, {
      isCombobox: false,
      label: function (item, person) { item.textContent = person.name + " @" + person.login; },
      address: function () {
        return field.dataset.people + "?format=json&q=" + encodeURIComponent(typedWord()[2]);
      },
      take: putIn
    });

    field.addEventListener("input", function () {
      if (typedWord()) { offered.ask(); } else { offered.close(); }
    });
  }

  document.querySelectorAll("textarea[data-people]").forEach(offerPeople);
})();
