// Imported here and not in the layout: the fallback page then links the sheet and preloads its fonts,
// so the first paint has the right colours before any script has run.
import '@manara/ui/tokens/fonts.css';
import './app.css';
