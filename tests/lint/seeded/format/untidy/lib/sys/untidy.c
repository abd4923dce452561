int ep__untidy(int a){
    return a;
}
