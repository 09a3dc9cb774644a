// Windows in which the app goes on: its connect page, and its install.

const FEATURES = "popup,width=600,height=600";
const LOOK_MS = 400;

// openPopup has to run within the click, because browsers block windows that open later. Where it leads is known only when
// the simulator has been asked, so it begins empty.
export function openPopup() {
  const popup = window.open("about:blank", "", FEATURES);
  if (!popup) throw new Error("Your browser has blocked the window. Allow pop-up windows for this page, then try again.");
  return popup;
}

// closed waits until the window is gone, or the signal says to stop. A page that cuts itself off from its opener looks gone
// at once, so good news may still come after.
export function closed(popup, signal) {
  return new Promise((resolve) => {
    const timer = setInterval(() => { if (popup.closed) end(); }, LOOK_MS);
    const end = () => {
      clearInterval(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    signal.addEventListener("abort", end);
  });
}
