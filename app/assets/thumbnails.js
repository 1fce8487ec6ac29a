// Keeps where the sheet of small pictures is, for the charts: pointer.js shows the one of the image under the pointer.
export default function ({ data }) {
  window.thumbnails = data.sheet;
}
