/** `[data-print]` buttons: the browser's own print dialogue. */

export function startPrint() {
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[data-print]")) print();
  });
}
