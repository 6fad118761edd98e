// Keeping a module on this device, and removing it. The worker is registered only when somebody keeps something.
{
  const part = document.getElementById('keep');
  const says = document.getElementById('keep-says');
  const [keepIt, keepAgain, keepNot] = ['keep-it', 'keep-again', 'keep-not'].map((id) => document.getElementById(id));
  const { manifest, worker } = part.dataset;

  const ask = async (message) => {
    const { active } = await navigator.serviceWorker.ready;
    const { port1, port2 } = new MessageChannel();
    return new Promise((resolve) => {
      port1.onmessage = (event) => resolve(event.data);
      active.postMessage({ address: manifest, ...message }, [port2]);
    });
  };

  const show = (kept, word) => {
    keepIt.hidden = kept;
    keepAgain.hidden = keepNot.hidden = !kept;
    says.textContent = says.dataset[word || (kept ? 'kept' : 'none')];
  };

  // Words that waited here and could not be kept with the person's own, each with a button to let it go.
  const left = (words) => {
    const list = document.getElementById('unkept');
    list.hidden = !words.length;
    list.querySelector('ul').replaceChildren(...words.map(({ id, words: text }) => {
      const item = document.createElement('li');
      const quote = item.appendChild(document.createElement('blockquote'));
      quote.dir = 'auto';
      quote.textContent = text;
      const button = item.appendChild(document.createElement('button'));
      button.className = 'btn alt';
      button.textContent = list.dataset.discard;
      button.addEventListener('click', async () => left((await ask({ do: 'discard', id })).unkept));
      return item;
    }));
  };

  const find = async () => {
    const known = await navigator.serviceWorker.getRegistration('/');
    const { modules, unkept } = known ? await ask({ do: 'state' }) : { modules: [], unkept: [] };
    left(unkept);
    show(modules.some((one) => one.address === manifest));
  };

  const keep = async () => {
    says.textContent = says.dataset.keeping;
    try {
      await navigator.serviceWorker.register(worker);
      const { kept } = await ask({ do: 'keep', media: Boolean(document.getElementById('with-media')?.checked) });
      show(Boolean(kept), kept ? 'kept' : 'failed');
    } catch {
      show(false, 'failed');
    }
  };

  if ('serviceWorker' in navigator && 'locks' in navigator) {
    keepIt.addEventListener('click', keep);
    keepAgain.addEventListener('click', keep);
    keepNot.addEventListener('click', async () => {
      await ask({ do: 'remove' });
      await find();
      keepIt.focus();
    });
    find();
  } else {
    says.textContent = says.dataset.cannot;
  }
}
