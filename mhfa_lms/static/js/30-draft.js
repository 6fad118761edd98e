// Keep what is written while it is written. A text area with data-draft-url posts {"text": ...} as JSON, a form all its
// fields by name; the token goes into the X-CSRFToken header, and any 2xx answer means kept. Nothing stays in the
// browser, so nothing is left for the next person at this computer.
{
  const WAIT = 1500;
  const RETRY = 10000;
  const token = document.querySelector('[name=csrf-token]')?.content;

  const contents = (part) => {
    if (!part.elements) {
      return JSON.stringify({ text: part.value });
    }
    const fields = Object.fromEntries(new FormData(part));
    delete fields.csrf_token;
    return JSON.stringify(fields);
  };

  for (const part of document.querySelectorAll('[data-draft-url]')) {
    const status = document.getElementById(part.id + '-saved');
    let kept = contents(part);
    let sending = false;
    let timer;

    const later = (delay) => {
      clearTimeout(timer);
      timer = setTimeout(send, delay);
    };

    const send = async () => {
      const body = contents(part);
      if (body === kept) {
        return;
      }
      if (sending) {
        later(WAIT);
        return;
      }
      sending = true;
      try {
        const answer = await fetch(part.dataset.draftUrl, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', ...(token && { 'X-CSRFToken': token }) },
          body,
          // Outlives the page; browsers refuse it for long bodies.
          keepalive: body.length < 15000,
          redirect: 'error',
        });
        if (!answer.ok) {
          throw answer;
        }
        kept = body;
        const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
        status.textContent = status.dataset.saved + ' ' + time;
      } catch (error) {
        // 409: words from elsewhere are in the way. Trying again cannot help; saving shows both.
        const clash = error.status === 409;
        status.textContent = clash ? status.dataset.clash : status.dataset.failed;
        if (!clash) {
          later(RETRY);
        }
      }
      sending = false;
    };

    part.addEventListener('input', () => later(WAIT));
    const done = () => {
      clearTimeout(timer);
      kept = contents(part);
    };
    (part.form || part).addEventListener('submit', done);
    // What is removed here must not be sent once more by the page's own end.
    document.querySelector('[data-draft-ends="' + part.id + '"]')?.addEventListener('submit', done);
    document.addEventListener('visibilitychange', send);
    addEventListener('pagehide', send);
    addEventListener('leaving', send);
  }
}
