// Opens pages in headless Chromium and keeps a log of all it asks the network for; the words of each page on stdout,
// as JSON. Chromium's own errands (updates, its clock, accounts, forms) are switched off, or sent to a port of this
// machine where nobody listens: what the log then holds of other machines, a page asked for.
// node visit.cjs MODULES CHROMIUM NETLOG STORED PAGES    STORED: what the pages find in their local storage, as JSON;
// PAGES: addresses and the words that each waits for (20 seconds at most), as JSON
const path = require("path");
const [modules, chromium, log, stored, pages] = process.argv.slice(2);
const puppeteer = require(path.join(modules, "puppeteer-core"));
const NOBODY = "http://127.0.0.1:9/";
const QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-default-apps",
  "--disable-domain-reliability", "--disable-sync", "--no-first-run", "--no-pings",
  "--disable-features=AutofillServerCommunication,NetworkTimeServiceQuerying",
  `--gaia-url=${NOBODY}`, `--gcm-checkin-url=${NOBODY}`, `--gcm-registration-url=${NOBODY}`,
  `--component-updater=url-source=${NOBODY}`];

(async () => {
  const args = ["--no-sandbox", "--disable-gpu", `--log-net-log=${log}`, ...QUIET];
  const browser = await puppeteer.launch({ executablePath: chromium, args });
  const tab = await browser.newPage();
  await tab.setViewport({ width: 1280, height: 900 });
  await tab.evaluateOnNewDocument((items) => {
    for (const [name, value] of Object.entries(items)) localStorage.setItem(name, value);
  }, JSON.parse(stored));
  const words = {};
  for (const [page, wanted] of Object.entries(JSON.parse(pages))) {
    await tab.goto(page);
    const there = (text) => document.body.innerText.includes(text);
    await tab.waitForFunction(there, { timeout: 20000 }, wanted).catch(() => null); // the test says what was there instead
    await tab.waitForNetworkIdle({ idleTime: 500, timeout: 5000 }).catch(() => null); // a page may ask again and again
    words[page] = await tab.evaluate(() => document.body.innerText);
  }
  await browser.close();
  console.log(JSON.stringify(words));
})();
