// Keep a text while it is written: data-draft-url gets POST {"text": ..., "csrf_token" in the X-CSRFToken header}.
// Any 2xx answer means kept. Nothing stays in the browser, so nothing is left for the next person at this computer.
{
  const WAIT = 1500;
  const RETRY = 10000;
  const token = document.querySelector('[name=csrf-token]')?.content;

  for (const area of document.querySelectorAll('[data-draft-url]')) {
    const status = document.getElementById(area.id + '-saved');
    let kept = area.value;
    let sending = false;
    let timer;

    const later = (delay) => {
      clearTimeout(timer);
      timer = setTimeout(send, delay);
    };

    const send = async () => {
      const text = area.value;
      if (text === kept) {
        return;
      }
      if (sending) {
        later(WAIT);
        return;
      }
      sending = true;
      try {
        const answer = await fetch(area.dataset.draftUrl, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', ...(token && { 'X-CSRFToken': token }) },
          body: JSON.stringify({ text }),
          keepalive: text.length < 15000,
          redirect: 'error',
        });
        if (!answer.ok) {
          throw answer;
        }
        kept = text;
        const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
        status.textContent = status.dataset.saved + ' ' + time;
      } catch {
        status.textContent = status.dataset.failed;
        later(RETRY);
      }
      sending = false;
    };

    area.addEventListener('input', () => later(WAIT));
    area.form?.addEventListener('submit', () => {
      clearTimeout(timer);
      kept = area.value;
    });
    document.addEventListener('visibilitychange', send);
    addEventListener('pagehide', send);
  }
}
