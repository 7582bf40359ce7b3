// Questions to the server that the page came from. The token of the link stays in this tab, and goes with every question.

const TOKEN = "cnngraph token";
const CLIENT = crypto.randomUUID().slice(0, 13); // of several tabs, none takes the place of another's questions

/** What the server refuses, in words for people. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  /** A newer question of the same kind has taken the place: nothing to tell anybody. */
  get isFollowed() {
    return this.status === 409;
  }
}

/** Keep the token of the link, and take it out of the address, which people copy and browsers remember. */
async function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  const token = given.get("token") ?? (given.has("ticket") ? await tokenFor(given.get("ticket")) : null);
  if (token) sessionStorage.setItem(TOKEN, token);
  return sessionStorage.getItem(TOKEN) !== null;
}

/** The token for the ticket of a browser that the server itself has started. */
async function tokenFor(ticket) {
  const headers = { "Content-Type": "application/json", "X-Cnngraph-Token": ticket };
  const response = await fetch("/enter", { method: "POST", headers });
  const answer = await response.json();
  if (!response.ok) throw new Refusal(response.status, answer.error);
  return answer.token;
}

/** The answer to a question such as {ask: "check", file, text}. Throws `Refusal`. */
async function ask(question) {
  let response;
  try {
    response = await fetch("/ask", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Cnngraph-Token": sessionStorage.getItem(TOKEN) ?? "" },
      body: JSON.stringify({ ...question, client: CLIENT }),
    });
  } catch {
    throw new Refusal(0, "The server does not answer: is `cnngraph serve` still running?");
  }
  const told = await response.json();
  const { status, answer } = response.ok ? told : { status: response.status, answer: told };
  if (status !== 200) throw new Refusal(status, answer.error ?? `refused with ${status}`);
  return answer;
}

/** A function that calls another when it was not called for so many milliseconds. */
function settled(milliseconds, go) {
  let waiting = 0;
  return (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => go(...given), milliseconds);
  };
}
