/** Line icons drawn for this portal; always beside words, hence hidden from readers. */
const PATHS = {
  overview: 'M3 11.5 12 4l9 7.5M5.5 10v9.5h13V10M9.5 19.5v-6h5v6',
  triage: 'M4 5h5v14H4zM10.500 5h5v9h-5zM17 5h3.500v11H17z',
  hazards: 'M12 3.5 22 20.5H2zM12 10v5M12 17.800v.2',
  report: 'M12 5v14M5 12h14',
  notices: 'M4 5.5h16v13H4zM4 6.5l8 6.5 8-6.5',
  flows: 'M3.5 5h6v5h-6zM14.5 14h6v5h-6zM9.5 7.5h4a3 3 0 0 1 3 3V14',
  tasks: 'M4 6.500l1.500 1.500L8.500 5M4 13l1.500 1.500 3-3M4 19.500l1.500 1.500 3-3M11.500 7H20M11.500 13.500H20M11.500 20H20',
  figures: 'M4 20V4M4 20h17M8 16v-4M12 16V8M16 16v-6M20 16V6',
  admin: 'M5 6.500h14M5 12h14M5 17.500h14M9 4.500v4M15 10v4M11 15.500v4',
  more: 'M5 12h.2M12 12h.2M19 12h.2',
  ratings: 'M4 20V11M10 20V4M16 20v-7M21 20H3',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20.5c1-4 4-6 8-6s7 2 8 6',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  close: 'M6 6l12 12M18 6 6 18',
  photo: 'M3.5 7h4l1.5-2.5h6L16.5 7h4v12h-17zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
  pin: 'M12 21.5c5-5.5 7-8.5 7-11.5a7 7 0 0 0-14 0c0 3 2 6 7 11.5zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  plus: 'M12 6v12M6 12h12',
  minus: 'M6 12h12',
  whole: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  brand: 'M12 2.5 20.5 5.5v6c0 5-3.5 8.5-8.5 10-5-1.5-8.5-5-8.5-10v-6zM8 12l3 3 5.5-6',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { name: IconName }) => (
  <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
