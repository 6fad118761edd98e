// On a copy kept on this device: what waits here, the feedback to an answer that waits, and words where a page that was
// not kept was asked for.
{
  const worker = navigator.serviceWorker;
  const line = document.getElementById('waits');
  const step = document.querySelector('[data-step]');
  const form = document.getElementById('answering');
  const answered = document.getElementById('answered');
  const elsewhere = document.getElementById('not-kept');
  let anew = false;
  let later;

  const ask = (job) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event) => show(event.data);
    worker.controller?.postMessage({ do: job }, [port2]);
  };

  const show = (state) => {
    if (state.failed) {
      ask('state');
      return;
    }
    const word = state.said === 'signed-out' ? 'signedOut' : state.said === 'elsewhere' ? 'elsewhere' : state.count ? 'waits' : state.said;
    document.dispatchEvent(new CustomEvent('kept', { detail: state }));
    line.hidden = !word;
    line.textContent = word ? line.dataset[word].replace('{count}', state.count.toLocaleString(document.documentElement.lang)) : '';
    const mine = step && state.items.find((item) => item.step === step.dataset.step && item.does === 'answer'
      && String(item.enrolment) === step.dataset.enrolment);
    if (mine && answered && !anew) {
      feedback(mine.fields.map(([, value]) => value));
    }
    const reported = document.getElementById('reported');
    if (reported) {
      reported.hidden = !state.items.some((item) => item.step === step.dataset.step && item.does === 'report'
        && String(item.enrolment) === step.dataset.enrolment);
    }
    others(state.modules);
    // "Online" may only mean that there is a network: try again until what waits has gone.
    clearTimeout(later);
    if (word === 'waits') {
      later = setTimeout(() => ask(navigator.onLine ? 'send' : 'state'), 3000);
    }
  };

  const feedback = (chosen) => {
    form.hidden = true;
    answered.hidden = false;
    answered.closest('details')?.setAttribute('open', '');
    for (const note of answered.querySelectorAll('[data-option]')) {
      note.hidden = !chosen.includes(note.dataset.option);
    }
    if (location.hash === '#feedback') {
      document.getElementById('feedback').focus();
    }
  };

  const others = (modules) => {
    const part = document.getElementById('others');
    const more = modules.filter((one) => elsewhere && one.href !== elsewhere.dataset.own);
    if (part && more.length) {
      part.hidden = false;
      part.querySelector('ul').replaceChildren(...more.map(({ href, title }) => {
        const item = document.createElement('li');
        const link = item.appendChild(document.createElement('a'));
        link.href = href;
        link.textContent = title;
        return item;
      }));
    }
  };

  document.getElementById('again')?.addEventListener('click', () => {
    anew = true;
    answered.hidden = true;
    form.hidden = false;
    form.querySelector('input, select, textarea').focus();
  });
  if (elsewhere && location.pathname !== elsewhere.dataset.own) {
    elsewhere.hidden = false;
    document.getElementById('assessment').hidden = !/\/(assessment|scenario)/.test(location.pathname);
    document.getElementById('hard').hidden = location.pathname !== '/support';
  }
  worker?.addEventListener('message', (event) => show(event.data));
  worker?.startMessages();
  addEventListener('online', () => ask('send'));
  ask(navigator.onLine ? 'send' : 'state');
}
