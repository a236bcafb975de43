// Runs before the first paint, so that a chosen theme does not flash through the other one.
try {
  const theme = localStorage.getItem("restate.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system's preference holds.
}
