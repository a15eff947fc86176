// The map's page without loading it anew: a step that is selected in the picture, or a form that is
// sent, changes only what is shown. Without this script all of it are ordinary links and forms.
(function () {
  "use strict";
  var PLACE = { target: "#main", select: "#main", swap: "outerHTML" };

  function page() {
    return document.querySelector("[data-map-page]");
  }

  function snapshot(form) {
    return new URLSearchParams(new FormData(form)).toString();
  }

  function remember() {
    var form = document.getElementById("step_form");
    if (form) {
      form.dataset.was = snapshot(form);
      var chosen = document.querySelector(".handoff-map .is-selected");
      var frame = document.getElementById("map-picture");
      if (chosen && frame) {
        var at = chosen.getBoundingClientRect();
        var inside = frame.getBoundingClientRect();
        frame.scrollLeft += at.left - inside.left - (inside.width - at.width) / 2;
        frame.scrollTop += at.top - inside.top - (inside.height - at.height) / 2;
      }
    }
    if (window.django && window.django.jQuery && window.django.jQuery.fn.djangoCustomSelect2) {
      window.django.jQuery(".unfold-admin-autocomplete").djangoCustomSelect2();
    }
    openAddressed();
  }

  // A box that a finding points at may lie in a part that is closed.
  function openAddressed() {
    var box = location.hash && document.getElementById(location.hash.slice(1));
    for (var part = box; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") {
        part.open = true;
      }
    }
    if (box) {
      box.scrollIntoView({ block: "center" });
      box.focus({ preventScroll: true });
    }
  }

  function mayLeave(form) {
    var open = document.getElementById("step_form");
    if (!open || open === form || !open.dataset.was || snapshot(open) === open.dataset.was) {
      return true;
    }
    return window.confirm(open.dataset.keeps);
  }

  function show(verb, address, values, source) {
    return window.htmx.ajax(verb, address, Object.assign({ values: values, source: source }, PLACE));
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest(".handoff-map a");
    if (!link || !page() || event.ctrlKey || event.metaKey || event.shiftKey || event.button) {
      return;
    }
    event.preventDefault();
    var address = link.getAttribute("href");
    if (mayLeave(null)) {
      show("GET", address, {}, document.body).then(function () {
        history.pushState({}, "", address);
        remember();
      });
    }
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!page() || !page().contains(form)) {
      return;
    }
    var asks = form.dataset.asks;
    if ((asks && !window.confirm(asks)) || !mayLeave(form)) {
      event.preventDefault();
    }
  });

  window.addEventListener("popstate", function () {
    if (page()) {
      location.reload();
    }
  });
  window.addEventListener("hashchange", openAddressed);
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", remember);
  } else {
    remember();
  }
})();
