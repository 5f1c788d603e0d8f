/** `npm run generate`: makes anew every file that is made from others. */
import { generateAll } from './checks/generated.ts';

for (const line of await generateAll()) console.log(line);
