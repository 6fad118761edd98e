// Passkeys: ask the server for the options, the browser for the passkey, and send its answer with the form.
// The form: data-passkey is "create" or "get", data-options the address of the options, data-failed what to say.
{
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

  const options = (found) => {
    found.challenge = bytes(found.challenge);
    if (found.user) {
      found.user.id = bytes(found.user.id);
    }
    for (const one of [...(found.excludeCredentials || []), ...(found.allowCredentials || [])]) {
      one.id = bytes(one.id);
    }
    return found;
  };

  const answer = (made) => {
    const response = {};
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature']) {
      if (made.response[name]) {
        response[name] = text(made.response[name]);
      }
    }
    response.transports = made.response.getTransports?.();
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
  };

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    const status = form.querySelector('[role=status]');
    if (!window.PublicKeyCredential) {
      status.textContent = form.dataset.missing;
      continue;
    }
    const button = form.querySelector('button');
    button.hidden = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (button.disabled) {
        return;
      }
      button.disabled = true;
      status.textContent = form.dataset.waiting;
      try {
        const asked = await fetch(form.dataset.options, { method: 'POST', body: new FormData(form), redirect: 'error' });
        if (!asked.ok) {
          throw asked;
        }
        const publicKey = options(await asked.json());
        form.elements.answer.value = answer(await navigator.credentials[form.dataset.passkey]({ publicKey }));
        form.submit();
      } catch (error) {
        // The browser has said why in its own window; a passkey that is there already has a sentence of its own.
        status.textContent = error.name === 'InvalidStateError' ? form.dataset.known : form.dataset.failed;
        button.disabled = false;
      }
    });
  }
}
