// Sends files to the knowledge base: by choosing them or by dropping them on the zone.
//
// Everything is delegated from the document, as React mounts and unmounts the zone. What happens
// to the files afterwards is told by the jobs below the zone; here is only the way to the server.

(() => {
  if (window.realtimeAgentsUpload) return;
  window.realtimeAgentsUpload = true;

  const MAX_FILES = 50;
  const MAX_FILE_BYTES = 20 * 1024 * 1024;
  const MAX_TOTAL_BYTES = 200 * 1024 * 1024;
  const megabytes = (bytes) => `${Math.round(bytes / 1048576)} MB`;

  const zone = () => document.querySelector("[data-upload-zone]");
  const part = (name) => zone()?.querySelector(`[data-upload-${name}]`);
  let request = null;

  const tell = (words, bad = false) => {
    const line = part("words");
    if (!line) return;
    line.textContent = words;
    line.toggleAttribute("data-bad", bad);
  };

  const show = (share) => {
    const bar = part("bar");
    if (!bar) return;
    bar.hidden = share === null;
    if (share !== null) bar.value = share;
    zone()?.toggleAttribute("data-sending", share !== null);
  };

  const refusal = (files) => {
    if (!files.length) return "There is no file to send.";
    if (files.length > MAX_FILES) return `${files.length} files are too many at once: ${MAX_FILES} at most.`;
    const large = files.find((file) => file.size > MAX_FILE_BYTES);
    if (large) return `${large.name} is larger than ${megabytes(MAX_FILE_BYTES)}.`;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    return total > MAX_TOTAL_BYTES ? `Too much at once: ${megabytes(MAX_TOTAL_BYTES)} at most.` : "";
  };

  const answerOf = (xhr) => {
    try {
      return JSON.parse(xhr.responseText);
    } catch {
      return {};
    }
  };

  const send = (files) => {
    if (request) return tell("One upload after the other, please.", true);
    const problem = refusal(files);
    if (problem) return tell(problem, true);
    const form = new FormData();
    for (const file of files) form.append("file", file, file.name);
    const collection = document.getElementById("knowledge-collection")?.value.trim() ?? "";
    const xhr = new XMLHttpRequest();
    request = xhr;
    xhr.open("POST", `/api/knowledge/upload?collection=${encodeURIComponent(collection)}`);
    xhr.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) show(event.loaded / event.total);
    });
    xhr.addEventListener("loadend", () => {
      request = null;
      show(null);
      if (xhr.status === 202) tell(files.length === 1 ? `${files[0].name} was sent.` : `${files.length} files were sent.`);
      else if (xhr.status) tell(answerOf(xhr).error ?? `The server answered with status ${xhr.status}.`, true);
      else tell("The upload was interrupted.", true);
    });
    tell(files.length === 1 ? `Sending ${files[0].name} …` : `Sending ${files.length} files …`);
    show(0);
    xhr.send(form);
    return undefined;
  };

  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-upload-input]")) return;
    const files = [...event.target.files];
    event.target.value = ""; // the same file may be sent again
    if (files.length) send(files);
  });

  // A file dropped beside the zone must not make the browser open it and leave the page.
  document.addEventListener("dragover", (event) => {
    if (!zone() || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const inside = zone().contains(event.target);
    zone().toggleAttribute("data-over", inside);
    event.dataTransfer.dropEffect = inside ? "copy" : "none";
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone()?.removeAttribute("data-over");
  });
  document.addEventListener("drop", (event) => {
    if (!zone() || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    zone().removeAttribute("data-over");
    if (zone().contains(event.target)) send([...event.dataTransfer.files]);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-upload-stop]")) request?.abort();
  });
})();
