// The summary of what needs another look has `autofocus`. Help where browsers do not honour it: in older ones that
// know it for form fields only, and when the address has a #.
if (location.hash || !('autofocus' in HTMLElement.prototype)) {
  document.querySelector('.errors')?.focus();
}
