// A run's page: asks again and again for the part that changes, while somebody looks and training goes on.

const live = document.getElementById("live");
const lost = document.getElementById("lost");
let tag = "";

async function look() {
  if (document.hidden) return;
  try {
    const response = await fetch(live.dataset.from, { headers: tag ? { "If-None-Match": tag } : {} });
    if (response.status !== 304) {
      if (!response.ok) throw new Error(response.statusText);
      live.innerHTML = await response.text(); // written by the server, which escapes every value
      tag = response.headers.get("ETag");
    }
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
}

async function follow() {
  await look();
  if (live.firstElementChild?.dataset.state !== "done") setTimeout(follow, 1000 * live.dataset.seconds);
}

document.addEventListener("visibilitychange", look);
setTimeout(follow, 1000 * live.dataset.seconds);
