// New mail while nobody looks: a notification of the system, if the reader asked for them.
export function offerNotifications(button) {
  if (!("Notification" in globalThis) || Notification.permission !== "default") return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = true;
  });
}

let shown = null;
let waiting = 0;

// One notification for a burst of mail: it counts instead of piling up.
export function announceMail(event) {
  if (!document.hidden || !("Notification" in globalThis) || Notification.permission !== "granted") return;
  waiting += 1;
  const { subject, sender } = event.data;
  const title = waiting === 1 ? subject || "(no subject)" : `${waiting} new messages`;
  shown = new Notification(title, { body: sender, tag: "mail" });
  shown.onclick = () => window.focus();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  waiting = 0;
  shown?.close();
});
