// Long work: asks how far it is and puts the answer in place, so that the page is not loaded anew and nothing that has
// the focus goes away. Without this file the page is loaded again by itself now and then.
{
  const EVERY_MS = 2000;
  const page = document.querySelector('#work[data-again]');
  const said = document.querySelector('#said');
  let last = '';

  // Said out loud at the end and at each quarter, not at every look.
  const milestone = (part) => {
    const bar = part.querySelector('progress');
    return bar ? String(Math.floor((4 * bar.value) / bar.max)) : 'ended';
  };

  const put = (fresh) => {
    const had = document.activeElement;
    for (const id of ['about', 'state', 'actions', 'leave']) {
      const old = document.getElementById(id);
      const next = fresh.getElementById(id);
      if (old.innerHTML !== next.innerHTML) {
        const inside = old.contains(had);
        old.replaceChildren(...document.adoptNode(next).childNodes);
        if (inside) {
          old.focus();
        }
      }
    }
    document.title = fresh.title;
    const now = milestone(page);
    if (now !== last) {
      said.textContent = document.getElementById('heard').textContent;
      last = now;
    }
  };

  const look = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
        if (!answer.ok || answer.redirected || !fresh.querySelector('#work')) {
          location.reload();
          return;
        }
        put(fresh);
        if (!fresh.querySelector('#work[data-again]')) {
          return;
        }
      } catch {
        // No connection for a moment: the next look may have one.
      }
    }
    setTimeout(look, EVERY_MS);
  };

  if (page) {
    last = milestone(page);
    setTimeout(look, EVERY_MS);
  }
}
