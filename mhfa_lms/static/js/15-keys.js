// Keys that do something by themselves can be turned off. The choice is about this keyboard, not about anybody's work,
// so the browser may remember it.
{
  const keys = document.querySelector('[data-keys]');

  if (keys) {
    keys.closest('[hidden]')?.removeAttribute('hidden');
    keys.checked = localStorage.getItem('keys') !== 'off';
    keys.addEventListener('change', () => localStorage.setItem('keys', keys.checked ? 'on' : 'off'));
  }
}
