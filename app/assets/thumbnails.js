// Keeps the sheet of small pictures for the charts: pointer.js shows the one of the image under the pointer.
export default function ({ data }) {
  window.thumbnails = data.sheet;
}
