// "Leave this page": hide it at once, then put another site in its place in the history. Nothing is recorded.
// Works as a plain link without this file. Text being written is sent first.
{
  const exit = document.querySelector('[data-exit]');

  if (exit) {
    const leave = (event) => {
      event.preventDefault();
      document.body.hidden = true;
      document.title = ' ';
      // Text being written is sent now: the page's own end may come too late for it.
      dispatchEvent(new Event('leaving'));
      location.replace(exit.href);
    };

    const keyed = localStorage.getItem('keys') !== 'off';
    let presses = [];

    exit.addEventListener('click', leave);
    exit.nextElementSibling?.toggleAttribute('hidden', !keyed);

    addEventListener('keyup', (event) => {
      presses = event.key === 'Shift' ? [...presses, event.timeStamp].slice(-3) : [];
      if (keyed && presses.length === 3 && presses[2] - presses[0] < 3000) {
        leave(event);
      }
    });

    // Coming back with the browser's cache must not show an empty page.
    addEventListener('pageshow', () => {
      document.body.hidden = false;
    });
  }
}
