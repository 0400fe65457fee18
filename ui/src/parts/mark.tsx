// keyfob's own mark.
import source from '../../../icons/app/keyfob.svg';

export function Mark() {
  return <img src={source} width="80" height="80" alt="" />;
}
