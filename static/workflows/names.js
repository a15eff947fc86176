// A list that knows three answers shows its names only under "these".
// Without this script all is there, and the server refuses names beside another answer.
(function () {
  "use strict";
  var THESE = "(these)";

  function follow(answer) {
    var box = answer.closest(".handoff-names");
    box.dataset.said = answer.value;
    box.querySelectorAll(".handoff-chosen select").forEach(function (names) {
      names.disabled = answer.value !== THESE;
    });
  }

  document.documentElement.classList.add("handoff-scripted");
  document.addEventListener("change", function (event) {
    if (event.target.matches(".handoff-names > select")) {
      follow(event.target);
    }
  });
})();
